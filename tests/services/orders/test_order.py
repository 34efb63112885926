"""services/orders/domain/order.py: what may follow what."""

import pytest

from services.orders.domain import order_events
from services.orders.domain.cart import CartLine, new_cart
from services.orders.domain.money import Money
from services.orders.domain.order import FAILED, IN_PAYMENT, TRANSITIONS, Order, State, change, new_order_id, place
from services.orders.domain.order_errors import InvalidOrder, NotAllowed
from services.orders.domain.order_events import event_of

LINE = CartLine(sku="MUG-1", quantity=2, unit_price=Money(minor_units=500, currency="EUR"), name="Mug")
ENDS = FAILED | {State.REFUNDED}


def order(state: State = State.PENDING, **more) -> Order:
    """An order of two mugs."""
    return Order(
        order_id=new_order_id(),
        cart_id="cart_" + "0" * 32,
        owner="u-1",
        lines=(LINE,),
        payment_method="tok_visa",
        state=state,
        created_at_ms=1000,
        updated_at_ms=1000,
        **more,
    )


@pytest.mark.parametrize("to", State)
@pytest.mark.parametrize("state", State)
def test_only_what_the_table_names_is_allowed(state: State, to: State) -> None:
    """Every pair: a new version in the new state, or a refusal."""
    if to in TRANSITIONS[state]:
        after = change(order(state), to, now_ms=2000)
        assert (after.state, after.version, after.updated_at_ms, after.attempts) == (to, 2, 2000, 0)
    else:
        with pytest.raises(NotAllowed):
            change(order(state), to, now_ms=2000)


def test_every_state_leads_to_an_end() -> None:
    """None is left out, none goes in circles, and nothing follows an end."""
    assert set(TRANSITIONS) == set(State)
    assert {state for state, following in TRANSITIONS.items() if not following} == ENDS
    seen: set[State] = set(ENDS)
    for _ in State:
        seen |= {state for state, following in TRANSITIONS.items() if following and following <= seen}
    assert seen == set(State)


@pytest.mark.parametrize("state", sorted(IN_PAYMENT))
def test_what_may_have_money_at_the_gateway_never_expires(state: State) -> None:
    """Its hold is extended instead."""
    assert State.EXPIRED not in TRANSITIONS[state]


def test_time_never_runs_backwards() -> None:
    """A clock that was set back leaves the history in order."""
    assert change(order(), State.RESERVED, now_ms=1).updated_at_ms == 1000


@pytest.mark.parametrize(
    ("state", "restock", "event"),
    [
        (State.CONFIRMED, True, order_events.CONFIRMED),
        (State.DECLINED, True, order_events.DECLINED),
        (State.CANCELLED, True, order_events.CANCELLED),
        (State.EXPIRED, True, order_events.EXPIRED),
        (State.REFUNDED, True, order_events.RETURNED),
        (State.REFUNDED, False, None),
        (State.PAYING, True, None),
    ],
)
def test_events(state: State, restock: bool, event: str | None) -> None:
    """Each end tells the stock; a refund only where the units come back."""
    assert event_of(order(state, restock=restock)) == event


@pytest.mark.parametrize("method", ["4111111111111111", "tok_4111", "tok_", "visa", "tok_visa\n", "tok_" + "a" * 60])
def test_a_payment_method_is_a_word(method: str) -> None:
    """Nothing that a card's number could be."""
    cart = new_cart(owner="u-1", now_ms=0)
    with pytest.raises(InvalidOrder):
        place(cart, order_id=new_order_id(), payment_method=method, traffic="user", now_ms=0)


def test_an_empty_cart_is_no_order() -> None:
    """There is nothing to pay."""
    with pytest.raises(InvalidOrder):
        place(
            new_cart(owner="u-1", now_ms=0),
            order_id=new_order_id(),
            payment_method="tok_visa",
            traffic="user",
            now_ms=0,
        )
