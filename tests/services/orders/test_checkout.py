"""services/orders/domain/checkout.py: what a buyer meets, with peers in memory."""

import pytest

from services.orders.domain.cart import CartLine, CartState, put_item
from services.orders.domain.cart_errors import CartNotFound
from services.orders.domain.money import Money
from services.orders.domain.order import State
from services.orders.domain.order_errors import Abandoned, CartOutdated, CartUsed
from services.shared.errors import KeyInUse
from tests.services.orders.world import Crash, Fault, World, failing


@pytest.fixture
def world() -> World:
    """A shop with five mugs and two pots."""
    return World({"MUG-1": 5, "POT-1": 2})


def test_a_checkout_confirms(world: World) -> None:
    """Units have left the shelf, the total is captured once, the cart is closed."""
    cart = world.cart({"MUG-1": 2, "POT-1": 1})
    outcome = world.place(cart)
    order = outcome.order
    assert order.state is State.CONFIRMED
    assert world.inventory.on_hand == {"MUG-1": 3, "POT-1": 1}
    assert world.payments.payments[order.order_id].captured == 1500
    assert world.carts.get(cart.cart_id).state is CartState.ORDERED
    assert [state for _, state in world.orders.data.history] == ["PENDING", "RESERVED", "PAYING", "CONFIRMED"]


def test_a_repeat_gets_the_stored_answer(world: World) -> None:
    """One order, one charge."""
    cart = world.cart({"MUG-1": 1})
    assert world.place(cart) == world.place(cart)
    assert len(world.payments.captures) == 1


def test_a_decline_is_stored_and_releases(world: World) -> None:
    """The order is DECLINED with the gateway's code, its hold goes with its event, the cart can be ordered again."""
    cart = world.cart({"MUG-1": 1})
    outcome = world.place(cart, method="tok_declined")
    assert (outcome.order.state, outcome.order.decline_code) == (State.DECLINED, "insufficient_funds")
    world.relay()
    assert world.inventory.holds[outcome.order.order_id].state == "RELEASED"
    assert world.place(cart, method="tok_declined") == outcome
    assert world.place(cart, key="k2").order.state is State.CONFIRMED


def test_what_is_not_there_is_named(world: World) -> None:
    """Nothing is held of the other lines."""
    outcome = world.place(world.cart({"MUG-1": 2, "POT-1": 3}))
    assert (outcome.order.state, outcome.order.reason) == (State.CANCELLED, "out_of_stock")
    assert [(each.line, each.sku) for each in outcome.in_the_way] == [(1, "POT-1")]
    assert world.inventory.reserved("MUG-1") == 0


def test_a_changed_price_is_shown_before_it_is_paid(world: World) -> None:
    """The order ends, the cart has the new price, and the next checkout pays that."""
    cart = world.cart({"MUG-1": 1, "POT-1": 1})
    world.catalog.prices["POT-1"] = 700
    outcome = world.place(cart)
    assert (outcome.order.state, outcome.order.reason) == (State.CANCELLED, "price_changed")
    assert [(each.line, each.sku) for each in outcome.in_the_way] == [(1, "POT-1")]
    again = world.place(cart, key="k2")
    assert (again.order.state, again.order.total.minor_units) == (State.CONFIRMED, 1200)


def test_a_cart_is_ordered_once(world: World) -> None:
    """Whatever the key."""
    cart = world.cart({"MUG-1": 1})
    world.place(cart)
    with pytest.raises(CartUsed):
        world.place(cart, key="k2")


def test_a_cart_that_was_changed_since_it_was_seen_is_not_ordered(world: World) -> None:
    """Nothing is left of the attempt; at the version that it has now it is ordered, and a repeat is the same order."""
    cart = world.cart({"MUG-1": 1})
    price = Money(minor_units=500, currency="EUR")
    more = put_item(cart, CartLine(sku="POT-1", quantity=1, unit_price=price, name="POT-1"), now_ms=0)
    world.carts.save(more, cart.version)
    with pytest.raises(CartOutdated):
        world.place(cart, version=cart.version)
    assert (world.orders.data.keys, world.orders.data.orders) == ({}, {})
    outcome = world.place(cart, version=more.version)
    assert (outcome.order.state, outcome.order.total.minor_units) == (State.CONFIRMED, 1000)
    assert world.place(cart, version=more.version) == outcome


def test_a_cart_at_another_price_is_another_version(world: World) -> None:
    """What was seen before the price had changed orders nothing after it."""
    cart = world.cart({"MUG-1": 1})
    world.catalog.prices["MUG-1"] = 700
    assert world.place(cart, version=cart.version).order.reason == "price_changed"
    with pytest.raises(CartOutdated):
        world.place(cart, key="k2", version=cart.version)
    again = world.place(cart, key="k3", version=world.carts.get(cart.cart_id).version)
    assert again.order.total.minor_units == 700


def test_another_cart_is_not_found(world: World) -> None:
    """Somebody else's cart is as good as none, and leaves no key behind."""
    with pytest.raises(CartNotFound):
        world.place(world.cart({"MUG-1": 1}, owner="u-2"))
    assert world.orders.data.keys == {}


# The calls of a checkout of one line, in order: place, price, reserve, RESERVED, PAYING, authorise, commit, capture,
# CONFIRMED.
@pytest.mark.parametrize(
    "script",
    [
        pytest.param(failing(1, "refused"), id="the catalog is down"),
        pytest.param(failing(1, "lost"), id="the catalog does not answer"),
        pytest.param(failing(2, "refused"), id="inventory is down"),
        pytest.param(failing(2, "answer lost"), id="inventory holds but does not answer"),
        pytest.param(failing(2, "late"), id="inventory holds later"),
        pytest.param(failing(5, "refused"), id="the gateway is down"),
    ],
)
def test_what_surely_did_not_happen_can_be_tried_again(world: World, script: list[Fault]) -> None:
    """The key is free, nothing stays held, and a repeat of the very same request succeeds."""
    cart = world.cart({"MUG-1": 1})
    world.trouble.script = script
    with pytest.raises(Abandoned):
        world.place(cart)
    world.relay()
    world.trouble.arrive()
    assert world.inventory.reserved("MUG-1") == 0
    assert world.place(cart).order.state is State.CONFIRMED
    world.calm_down()
    world.check()


@pytest.mark.parametrize("fault", ["lost", "answer lost", "late"])
@pytest.mark.parametrize("step", [5, 6, 7], ids=["authorise", "commit", "capture"])
def test_a_payment_timeout_is_unknown_until_it_is_known(world: World, step: int, fault: str) -> None:
    """The answer is the order as it is; the same request later shows what the worker found out."""
    cart = world.cart({"MUG-1": 1})
    world.trouble.script = failing(step, fault)
    assert world.place(cart).order.state is State.PAYMENT_UNKNOWN
    world.now += 1
    world.work()
    assert world.place(cart).order.state is State.CONFIRMED
    world.calm_down()
    world.check()


@pytest.mark.parametrize("moment", ["crash before", "crash after"])
@pytest.mark.parametrize("step", range(9))
def test_a_repeat_takes_up_where_a_dead_process_left(world: World, step: int, moment: str) -> None:
    """Wherever it died: in use while the lease lasts, then the same order goes on, and is charged once."""
    cart = world.cart({"MUG-1": 1})
    world.trouble.script = failing(step, moment)
    with pytest.raises(Crash):
        world.place(cart)
    if step > 0 or moment == "crash after":
        if step < 8 or moment == "crash before":
            with pytest.raises(KeyInUse):
                world.place(cart)
        world.now += 31
    assert world.place(cart).order.state is State.CONFIRMED
    world.calm_down()
    world.check()
    assert len(world.payments.captures) == 1


@pytest.mark.parametrize("moment", ["crash before", "crash after"])
@pytest.mark.parametrize("step", range(9))
def test_without_a_repeat_the_worker_settles(world: World, step: int, moment: str) -> None:
    """Wherever it died: nothing is left half done."""
    world.trouble.script = failing(step, moment)
    with pytest.raises(Crash):
        world.place(world.cart({"MUG-1": 1}))
    world.calm_down()
    world.check()
