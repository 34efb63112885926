"""Orders against the gateway: each confirmed order has exactly one capture of its total, and nobody else has any.

Both lists are read by id, side by side, a page at a time: the payments of a page first, then the orders in its range.
An order is always there before its payment, so that a payment without an order is never one that is being made.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from services.orders.domain.order import IN_PAYMENT, PAID, Order, State
from services.orders.domain.ports import AUTHORISED, Payment

# Both sides may change between the two reads; what was quiet for so long has not.
GRACE_SECONDS = 60.0
# Most of a page of payments, so that both lists move on alike.
ORDERS_AT_ONCE = 200


class Verdict(StrEnum):
    """What the comparison of one order and its payment says."""

    MATCH = "match"
    NOTHING = "nothing"  # neither a sale nor money: an order that came to nothing
    MOVING = "moving"  # too young to be judged, or on its way by itself
    LOST_ORDER = "lost_order"  # money without an order that was bought
    NOT_CHARGED = "not_charged"
    DOUBLE_CHARGE = "double_charge"
    WRONG_AMOUNT = "wrong_amount"
    WRONG_REFUND = "wrong_refund"
    STILL_BLOCKED = "still_blocked"  # nothing was bought, and the buyer's money is not given free
    UNSETTLED = "unsettled"  # in payment, or to be paid back, for longer than it may be


FINE = frozenset({Verdict.MATCH, Verdict.NOTHING, Verdict.MOVING})
# Five minutes to give up, and time for a gateway that was away.
UNSETTLED_SECONDS = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One reference. Amounts in minor units."""

    reference: str
    verdict: Verdict
    state: State | None
    total: int
    captured: int
    refunded: int


PaymentPage = Callable[[str | None], tuple[tuple[Payment, ...], str | None]]
OrderRange = Callable[[str, str | None, int], tuple[Order, ...]]


def compare(
    payments: PaymentPage, orders: OrderRange, *, now_ms: Callable[[], int], grace_seconds: float = GRACE_SECONDS
) -> Iterator[Compared]:
    """Every order and payment, by reference.

    Args:    payments: a page by its cursor, and the next cursor. orders: those beyond an id and not beyond another
             (None: to the last), at most so many.
    """
    cursor: str | None = None
    after = ""
    while True:
        page, cursor = payments(cursor)
        upto = page[-1].reference if page and cursor is not None else None
        for order, payment in _side_by_side(page, _orders(orders, after, upto)):
            yield _compared(order, payment, now_ms(), grace_seconds)
        if cursor is None:
            return
        after = upto or after


def judge(
    order: Order | None, payment: Payment | None, *, now_ms: int, grace_seconds: float = GRACE_SECONDS
) -> Verdict:
    """What an *order* and the *payment* of its id say together; one of them may be missing."""
    captured, refunded = (0, 0) if payment is None else (payment.captured, payment.refunded)
    if order is None:
        return Verdict.LOST_ORDER if captured > refunded else Verdict.NOTHING
    if (now_ms - order.updated_at_ms) / 1000 < grace_seconds:
        return Verdict.MOVING
    if order.state in IN_PAYMENT or order.state is State.REFUND_PENDING:
        unsettled = (now_ms - order.updated_at_ms) / 1000 > UNSETTLED_SECONDS
        return Verdict.UNSETTLED if unsettled else Verdict.MOVING
    if order.state in PAID:
        return _of_paid(order.total.minor_units, captured, refunded)
    if order.state is State.REFUNDED:
        done = captured == refunded == order.total.minor_units
        return Verdict.MATCH if done else Verdict.WRONG_REFUND
    if captured > refunded:
        return Verdict.LOST_ORDER
    return Verdict.STILL_BLOCKED if payment is not None and payment.state == AUTHORISED else Verdict.NOTHING


def _of_paid(total: int, captured: int, refunded: int) -> Verdict:
    if captured == 0:
        return Verdict.NOT_CHARGED
    if captured != total:
        return Verdict.DOUBLE_CHARGE if captured >= 2 * total else Verdict.WRONG_AMOUNT
    return Verdict.WRONG_REFUND if refunded else Verdict.MATCH


def _orders(orders: OrderRange, after: str, upto: str | None) -> Iterator[Order]:
    while True:
        found = orders(after, upto, ORDERS_AT_ONCE)
        yield from found
        if len(found) < ORDERS_AT_ONCE:
            return
        after = found[-1].order_id


def _side_by_side(page: tuple[Payment, ...], orders: Iterator[Order]) -> Iterator[tuple[Order | None, Payment | None]]:
    unmet = {payment.reference: payment for payment in page}
    for order in orders:
        yield order, unmet.pop(order.order_id, None)
    for payment in unmet.values():
        yield None, payment


def _compared(order: Order | None, payment: Payment | None, now_ms: int, grace_seconds: float) -> Compared:
    reference = order.order_id if order is not None else payment.reference if payment is not None else ""
    return Compared(
        reference=reference,
        verdict=judge(order, payment, now_ms=now_ms, grace_seconds=grace_seconds),
        state=None if order is None else order.state,
        total=0 if order is None else order.total.minor_units,
        captured=0 if payment is None else payment.captured,
        refunded=0 if payment is None else payment.refunded,
    )
