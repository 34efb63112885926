"""What the events of orders mean for the stock."""

from dataclasses import dataclass
from enum import StrEnum

from services.inventory.domain.ports import Transaction
from services.inventory.domain.reservation import Done
from services.inventory.domain.settle import give_back

# All of these say that the customer gets nothing, or has sent it back. What was held or sold for the order returns,
# whichever it was: an order that was declined after its stock had been committed must not lose the units.
ENDINGS = frozenset({"OrderDeclined", "OrderExpired", "OrderCancelled", "OrderReturned"})


class Outcome(StrEnum):
    """What came of an event."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What came of an event, and what it did; None where nothing was to do."""

    outcome: Outcome
    done: Done | None = None


def apply(transaction: Transaction, *, event_id: str, kind: str, order_id: str, now_ms: int) -> Applied:
    """Do what the event of *kind* about *order_id* asks for, once."""
    if kind not in ENDINGS:
        return Applied(outcome=Outcome.IGNORED)
    if not transaction.inbox.first_time(event_id, now_ms=now_ms):
        return Applied(outcome=Outcome.DUPLICATE)
    return Applied(outcome=Outcome.APPLIED, done=give_back(transaction, order_id, now_ms=now_ms))
