"""Whatever fails, in whatever order, whoever else is at work meanwhile: money, stock and orders agree in the end."""

import contextlib

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.orders.domain.cart_errors import CartNotFound
from services.orders.domain.order import State
from services.orders.domain.order_errors import Abandoned, CartUsed, NotAllowed, OrderNotFound, Stale
from services.shared.errors import DatabaseUnavailable, KeyInUse
from tests.services.orders.world import FINE, Answered, Crash, Fault, World

STOCK = {"MUG-1": 3, "POT-1": 2}
# What ends a request or a round with an error, and nothing more.
ENDS = (
    Abandoned,
    Answered,
    CartNotFound,
    CartUsed,
    Crash,
    DatabaseUnavailable,
    KeyInUse,
    NotAllowed,
    OrderNotFound,
    Stale,
)
OTHERS = ("worker", "settle", "relay", "repeat", "cancel", "expire_holds", "arrive", "a_minute", "ten_minutes")
FAILURES = ("none", "refused", "lost", "answer lost", "late", "crash before", "crash after")
ACTORS = st.lists(st.sampled_from(OTHERS), max_size=2).map(tuple)
FAULTS = st.builds(Fault, failure=st.sampled_from(FAILURES), before=ACTORS, after=ACTORS)
# A few faults far apart: where each call fails, nothing gets far enough to go wrong.
SCRIPTS = st.dictionaries(st.integers(0, 16), FAULTS, max_size=4).map(
    lambda faults: [faults.get(step, FINE) for step in range(max(faults, default=-1) + 1)]
)


class Shop(RuleBasedStateMachine):
    """Buyers, staff, the worker and time, over a network that does what it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World(STOCK)
        self.world.orders.trouble.meanwhile = {
            "worker": self.work,
            "settle": self.settle_all,
            "relay": lambda: self.attempt(self.world.relay),
            "repeat": lambda: self.repeat(0),
            "cancel": lambda: self.cancel(0, "meanwhile"),
            "expire_holds": self.world.inventory.expire,
            "arrive": self.world.trouble.arrive,
            "a_minute": lambda: self.wait(61),
            "ten_minutes": lambda: self.wait(601),
        }
        self.requests: list[tuple] = []

    def attempt(self, act, *arguments, **named) -> None:
        with contextlib.suppress(*ENDS):
            act(*arguments, **named)

    @initialize(script=SCRIPTS)
    def first(self, script) -> None:
        self.buy(script, 1, 0, "tok_visa")

    @rule(
        script=SCRIPTS,
        mugs=st.integers(1, 2),
        pots=st.integers(0, 1),
        method=st.sampled_from(["tok_visa", "tok_visa", "tok_declined"]),
    )
    def buy(self, script, mugs: int, pots: int, method: str) -> None:
        quantities = {"MUG-1": mugs} | ({"POT-1": pots} if pots else {})
        self.requests.append((self.world.cart(quantities), f"k{len(self.requests)}", method))
        self.world.trouble.script[:] = script
        self.repeat(len(self.requests) - 1)

    @rule(script=SCRIPTS, number=st.integers(0, 5))
    def buy_again(self, script, number: int) -> None:
        self.world.trouble.script[:] = script
        self.repeat(number)

    @rule(script=SCRIPTS, number=st.integers(0, 5), key=st.sampled_from(["c1", "c2"]))
    def cancel_order(self, script, number: int, key: str) -> None:
        self.world.trouble.script[:] = script
        self.cancel(number, key)

    @rule(script=SCRIPTS, number=st.integers(0, 5), restock=st.booleans())
    def staff_refund(self, script, number: int, restock: bool) -> None:
        self.world.trouble.script[:] = script
        for order_id in self.some_order(number):
            key = self.world.key(f"refund {order_id}")
            self.attempt(self.world.after_sales.refund, key, order_id, restock=restock)

    @rule(number=st.integers(0, 5))
    def fulfil(self, number: int) -> None:
        self.world.trouble.script.clear()
        for order_id in self.some_order(number):
            self.attempt(self.world.after_sales.fulfil, order_id)

    @rule(script=SCRIPTS)
    def worker(self, script) -> None:
        self.world.trouble.script[:] = script
        self.work()

    @rule(seconds=st.sampled_from([1, 31, 61, 301, 601]))
    def wait(self, seconds: int) -> None:
        self.world.now += seconds

    @rule()
    def arrive(self) -> None:
        self.world.trouble.arrive()

    @rule()
    def holds_expire(self) -> None:
        self.world.inventory.expire()

    @rule(price=st.sampled_from([500, 600]))
    def price(self, price: int) -> None:
        self.world.catalog.prices["MUG-1"] = price

    @invariant()
    def nothing_is_oversold_or_charged_twice(self) -> None:
        assert all(left >= self.world.inventory.reserved(sku) for sku, left in self.world.inventory.on_hand.items())
        assert len(self.world.payments.captures) == len(set(self.world.payments.captures))

    def teardown(self) -> None:
        self.world.calm_down()
        self.world.check()
        carts = [o.cart_id for o in self.world.orders.data.orders.values() if o.state is State.CONFIRMED]
        assert len(carts) == len(set(carts))

    def repeat(self, number: int) -> None:
        if self.requests:
            cart, key, method = self.requests[number % len(self.requests)]
            self.attempt(self.world.place, cart, key, method)

    def cancel(self, number: int, key: str) -> None:
        for order_id in self.some_order(number):
            self.attempt(self.world.after_sales.cancel, self.world.key(key + order_id), order_id, owner="u-1")

    def settle_all(self) -> None:
        """A settler that does not wait for its time: the worker of another clock, or a webhook's hint."""
        for order in list(self.world.orders.data.orders.values()):
            if order.state in (State.PAYING, State.PAYMENT_UNKNOWN):
                self.attempt(self.world.settlement.settle, order)

    def work(self) -> None:
        self.attempt(self.world.work)

    def some_order(self, number: int) -> list[str]:
        orders = list(self.world.orders.data.orders)
        return [orders[number % len(orders)]] if orders else []


TestShop = Shop.TestCase
TestShop.settings = settings(max_examples=1000, stateful_step_count=8)
