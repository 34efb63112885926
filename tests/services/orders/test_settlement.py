"""services/orders/domain/settlement.py: the interleavings that random search meets too rarely."""

import contextlib
import itertools

import pytest

from services.orders.domain.checkout import PAYING_SECONDS
from services.orders.domain.order import State
from services.shared.errors import PeerUnavailable
from tests.services.orders.world import FINE, Crash, Fault, World, failing

AUTHORISE, CAPTURE = 5, 7


@pytest.fixture
def world() -> World:
    """A shop in which others may settle, and late messages arrive, between two calls."""
    world = World({"MUG-1": 2})
    world.trouble.meanwhile = {
        "arrive": world.trouble.arrive,
        "settle": lambda: world.settlement.settle(world.only_order()),
        "expire": world.inventory.expire,
    }
    return world


def unknown(world: World, failure: str, step: int = AUTHORISE) -> None:
    """An order whose request has ended without knowing."""
    world.trouble.script = failing(step, failure)
    assert world.place(world.cart({"MUG-1": 1})).order.state is State.PAYMENT_UNKNOWN


def settled(world: World) -> str:
    """How the order ended, once everything works."""
    world.calm_down()
    world.check()
    order = world.only_order()
    hold = world.inventory.holds.get(order.order_id)
    return f"{order.state} {hold.state if hold else None}"


def test_a_late_authorisation_finds_the_order_given_up(world: World) -> None:
    """After five minutes the gateway is told to refuse what may still be on its way."""
    unknown(world, "late")
    world.now += 301
    world.settlement.settle(world.only_order())
    assert world.only_order().reason == "payment_not_made"
    world.trouble.arrive()
    assert world.payments.payments[world.only_order().order_id].state == "VOIDED"
    assert settled(world) == "CANCELLED RELEASED"


def test_younger_it_is_paid_after_all(world: World) -> None:
    """The buyer wanted it, the units are held: asking again with the same key charges once."""
    unknown(world, "lost")
    world.now += 5
    world.settlement.settle_due()
    assert settled(world) == "CONFIRMED COMMITTED"


def test_units_that_another_settler_committed_come_back(world: World) -> None:
    """One gives up while another has got as far as the stock: the void decides, and the units return."""
    unknown(world, "late")
    world.now += 301
    others = Fault(before=("arrive", "settle"))
    world.trouble.script = [FINE, others, FINE, FINE, Fault("lost")]
    world.settlement.settle(world.only_order())
    assert world.only_order().state is State.CANCELLED
    assert settled(world) == "CANCELLED RETURNED"


def test_one_that_gives_up_too_late_changes_nothing(world: World) -> None:
    """The other settler has captured: the void is refused, and nobody touches the stock."""
    unknown(world, "late")
    world.now += 301
    world.trouble.script = [FINE, Fault(before=("arrive", "settle"))]
    world.settlement.settle(world.only_order())
    assert settled(world) == "CONFIRMED COMMITTED"


def test_a_hold_that_ended_gives_the_money_free(world: World) -> None:
    """Authorised, but the units are somebody else's now: void, never capture."""
    unknown(world, "answer lost")
    world.inventory.expire()
    assert settled(world) == "CANCELLED EXPIRED"
    assert world.only_order().reason == "hold_expired"
    assert world.payments.captures == []


def test_money_for_units_that_are_gone_is_paid_back(world: World) -> None:
    """Captured, and the stock lost by no doing of ours: the order ends refunded."""
    unknown(world, "answer lost", CAPTURE)
    order_id = world.only_order().order_id
    world.inventory.take_back(order_id)
    assert settled(world) == "REFUNDED RETURNED"
    assert world.only_order().reason == "stock_lost"


def test_a_decline_that_was_not_heard_is_found(world: World) -> None:
    """The gateway's word is the truth, its code included."""
    world.trouble.script = failing(AUTHORISE, "late")
    world.place(world.cart({"MUG-1": 1}), method="tok_declined")
    world.trouble.arrive()
    assert settled(world) == "DECLINED RELEASED"
    assert world.only_order().decline_code == "insufficient_funds"


def test_while_the_gateway_is_away_the_units_stay(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts come at growing distances, at most a minute apart, each extending the hold."""
    unknown(world, "lost")
    extended, asked = [], []

    def away(reference: str) -> None:
        asked.append(world.now)
        raise PeerUnavailable("away")

    monkeypatch.setattr(world.payments, "find", away)
    monkeypatch.setattr(world.inventory, "extend", lambda reference, *, ttl_seconds: extended.append(ttl_seconds))
    for _ in range(400):
        world.settlement.settle_due()
        world.now += 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert gaps == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]
    assert extended == [600] * len(asked)


def test_two_requests_for_one_dead_order_end_alike(world: World) -> None:
    """Two settlers at each other's every step: one charge, one end."""
    for step in range(4):
        each = World({"MUG-1": 2})
        each.trouble.meanwhile = {"settle": lambda each=each: each.settlement.settle(each.only_order())}
        unknown(each, "lost")
        each.trouble.script = [*[FINE] * step, Fault(before=("settle",), after=("settle",))]
        each.settlement.settle(each.only_order())
        assert settled(each) == "CONFIRMED COMMITTED"
        assert len(each.payments.captures) == 1


def test_a_request_that_was_overtaken_gives_nothing_up(world: World) -> None:
    """It slept before the gateway, a settler took over and died half way: its "surely nothing" is no longer true."""

    def take_over() -> None:
        world.now += PAYING_SECONDS + 1
        with contextlib.suppress(Crash):
            world.settlement.settle(world.only_order())

    world.trouble.meanwhile["take over"] = take_over
    overtaken = Fault("refused", before=("take over",))
    world.trouble.script = [*[FINE] * AUTHORISE, overtaken, *[FINE] * 4, Fault("crash before")]
    assert world.place(world.cart({"MUG-1": 1})).order.state is State.PAYMENT_UNKNOWN
    assert settled(world) == "CONFIRMED COMMITTED"
