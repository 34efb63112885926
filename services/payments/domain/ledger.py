"""The ledger: what has happened to payments, entry by entry, never changed; the payments' figures are its sums."""

from dataclasses import dataclass
from enum import StrEnum

from services.payments.domain.payment import Money, Payment, State


class Kind(StrEnum):
    """What an entry tells of. A reference has at most one of each, but any number of refunds."""

    AUTHORISE = "AUTHORISE"
    DECLINE = "DECLINE"
    CAPTURE = "CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that happened; unique by reference, kind and operation.

    operation_id: who asked for it with which key, as a hash.
    """

    reference: str
    kind: Kind
    operation_id: str
    amount: Money
    at_ms: int
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums of a reference's entries in minor units, and how many there are of what may be there once."""

    authorised: int = 0
    captured: int = 0
    voided: int = 0
    refunded: int = 0
    declines: int = 0
    voids: int = 0

    @property
    def state(self) -> State | None:
        """The state that the entries lead to; None when there are none."""
        if self.captured:
            return State.CAPTURED
        if self.voids:
            return State.VOIDED
        if self.declines:
            return State.DECLINED
        return State.AUTHORISED if self.authorised else None


# What a payment's row and the ledger can disagree about.
STATE = "state"
AUTHORISED = "authorised"
CAPTURED = "captured"
VOIDED = "voided"
REFUNDED = "refunded"
DISCREPANCIES = (STATE, AUTHORISED, CAPTURED, VOIDED, REFUNDED)


def discrepancies(payment: Payment, totals: Totals) -> tuple[str, ...]:
    """In what *payment* is not what its ledger entries sum up to: some of DISCREPANCIES."""
    same = {
        STATE: payment.state == totals.state,
        AUTHORISED: payment.authorised_minor_units == totals.authorised,
        CAPTURED: payment.captured_minor_units == totals.captured,
        VOIDED: (payment.authorised_minor_units if payment.state is State.VOIDED else 0) == totals.voided,
        REFUNDED: payment.refunded_minor_units == totals.refunded,
    }
    return tuple(name for name, holds in same.items() if not holds)
