"""services/orders/domain/reconciliation.py: orders and payments side by side."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.domain.money import Money
from services.orders.domain.order import Order, State
from services.orders.domain.ports import Payment
from services.orders.domain.reconciliation import GRACE_SECONDS, Verdict, compare, judge
from tests.services.orders.test_order import order

TOTAL = 1000
LATER_MS = 1000 + int(GRACE_SECONDS * 1000)


def payment(captured: int = 0, refunded: int = 0, reference: str = "ord_" + "0" * 32) -> Payment:
    """What the gateway says of it."""
    amount = Money(minor_units=TOTAL, currency="EUR")
    return Payment(reference=reference, state="CAPTURED", amount=amount, captured=captured, refunded=refunded)


@pytest.mark.parametrize(
    ("state", "paid", "verdict"),
    [
        (State.CONFIRMED, payment(TOTAL), Verdict.MATCH),
        (State.FULFILLED, payment(TOTAL), Verdict.MATCH),
        (State.CONFIRMED, None, Verdict.NOT_CHARGED),
        (State.CONFIRMED, payment(0), Verdict.NOT_CHARGED),
        (State.CONFIRMED, payment(2 * TOTAL), Verdict.DOUBLE_CHARGE),
        (State.CONFIRMED, payment(TOTAL + 1), Verdict.WRONG_AMOUNT),
        (State.CONFIRMED, payment(TOTAL, TOTAL), Verdict.WRONG_REFUND),
        (State.REFUNDED, payment(TOTAL, TOTAL), Verdict.MATCH),
        (State.REFUNDED, payment(TOTAL, 1), Verdict.WRONG_REFUND),
        (State.REFUNDED, None, Verdict.WRONG_REFUND),
        (State.REFUND_PENDING, payment(TOTAL), Verdict.MOVING),
        (State.PAYMENT_UNKNOWN, payment(TOTAL), Verdict.MOVING),
        (State.CANCELLED, payment(TOTAL), Verdict.LOST_ORDER),
        (State.EXPIRED, payment(TOTAL), Verdict.LOST_ORDER),
        (State.DECLINED, payment(0), Verdict.NOTHING),
        (State.CANCELLED, None, Verdict.NOTHING),
        (None, payment(TOTAL), Verdict.LOST_ORDER),
        (None, payment(TOTAL, TOTAL), Verdict.NOTHING),
    ],
)
def test_verdicts(state: State | None, paid: Payment | None, verdict: Verdict) -> None:
    """What the two say together."""
    found = None if state is None else order(state)
    assert judge(found, paid, now_ms=LATER_MS) is verdict


def test_what_moves_is_not_judged() -> None:
    """Both sides may have changed between the two looks."""
    assert judge(order(State.CONFIRMED), None, now_ms=LATER_MS - 1) is Verdict.MOVING


@pytest.mark.parametrize("state", [State.PAYING, State.PAYMENT_UNKNOWN, State.REFUND_PENDING])
def test_what_waits_for_too_long_is_a_discrepancy(state: State) -> None:
    """An hour is more than any gateway may be away."""
    assert judge(order(state), None, now_ms=1000 + 3_600_001) is Verdict.UNSETTLED


def test_money_that_stays_blocked_is_found() -> None:
    """Nothing was bought, and nobody has told the gateway."""
    blocked = replace(payment(), state="AUTHORISED")
    assert judge(order(State.CANCELLED), blocked, now_ms=LATER_MS) is Verdict.STILL_BLOCKED


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30),
    st.integers(1, 5),
)
def test_each_reference_is_compared_once(present: list[tuple[bool, bool]], page_size: int) -> None:
    """Whatever is on either side, in pages of whatever size."""
    ids = [f"ord_{number:032x}" for number in range(len(present))]
    orders = [replace(order(State.CONFIRMED), order_id=id_) for id_, (has, _) in zip(ids, present, strict=True) if has]
    payments = [payment(TOTAL, reference=id_) for id_, (_, has) in zip(ids, present, strict=True) if has]

    def page(cursor: str | None) -> tuple[tuple[Payment, ...], str | None]:
        start = int(cursor or 0)
        more = start + page_size < len(payments)
        return tuple(payments[start : start + page_size]), str(start + page_size) if more else None

    def between(after: str, upto: str | None, limit: int) -> tuple[Order, ...]:
        return tuple(o for o in orders if after < o.order_id and (upto is None or o.order_id <= upto))[:limit]

    found = {each.reference: each.verdict for each in compare(page, between, now_ms=lambda: LATER_MS)}
    expected = {
        (True, True): Verdict.MATCH,
        (True, False): Verdict.NOT_CHARGED,
        (False, True): Verdict.LOST_ORDER,
    }
    assert found == {id_: expected[has] for id_, has in zip(ids, present, strict=True) if has in expected}
