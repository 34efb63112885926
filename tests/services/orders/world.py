"""A shop in memory whose network, database and processes fail where a test says so.

Every call to a peer and every transaction takes the next fault of a script. Between two calls anything may happen:
another request, the worker, a message that was thought lost and arrives late.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from services.orders.adapters.carts_memory import InMemoryCarts
from services.orders.domain.after_sales import AfterSales
from services.orders.domain.cart import Cart, CartLine, Offer, new_cart, put_item
from services.orders.domain.cart_closing import close_cart
from services.orders.domain.cart_errors import CatalogUnavailable
from services.orders.domain.checkout import Checkout
from services.orders.domain.expiry import expire
from services.orders.domain.money import Money
from services.orders.domain.order import FAILED, UNPAID, Order, State
from services.orders.domain.order_book import OrderBook
from services.orders.domain.order_errors import (
    CartUsed,
    Declined,
    OrderError,
    OrderNotFound,
    OutOfStock,
    PaymentCaptured,
    PaymentClosed,
    RefundRefused,
    ReservationClosed,
    ReservationCommitted,
    Shortage,
    Stale,
)
from services.orders.domain.order_events import CONFIRMED, RETURNED
from services.orders.domain.ports import Outcome, Payment
from services.orders.domain.settlement import Settlement
from services.shared.errors import DatabaseUnavailable, KeyInUse, PeerUnavailable, PeerUnknown

LEASE_MS = 30_000
Result = TypeVar("Result")


class Crash(BaseException):
    """The process is dead."""


class Answered(Exception):
    """The key has a stored answer."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.order.state)
        self.outcome = outcome


@dataclass(frozen=True)
class Fault:
    """What happens to one call: who else works before and after its effect, and how it fails, if it does."""

    failure: str = "none"
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


FINE = Fault()


def failing(step: int, failure: str) -> list[Fault]:
    """A script in which the call *step*, from 0, fails."""
    return [*[FINE] * step, Fault(failure)]


@dataclass
class Trouble:
    """What goes wrong next. Empty: nothing does."""

    script: list[Fault] = field(default_factory=list)
    late: list[Callable[[], Any]] = field(default_factory=list)
    meanwhile: dict[str, Callable[[], None]] = field(default_factory=dict)
    in_transaction: bool = False
    depth: int = 0

    def next(self) -> Fault:
        return self.script.pop(0) if self.script else FINE

    def between(self, names: tuple[str, ...]) -> None:
        """Let other actors run to their end while this one waits for the network."""
        if self.depth < 2:
            self.depth += 1
            try:
                for name in names:
                    self.meanwhile[name]()
            finally:
                self.depth -= 1

    def call(self, effect: Callable[[], Result]) -> Result:
        """One call over the network: `effect` happens before, after, late, or never."""
        assert not self.in_transaction, "a transaction is open while another service is asked"
        fault = self.next()
        self.between(fault.before)
        if fault.failure == "refused":
            raise PeerUnavailable("refused")
        if fault.failure == "lost":
            raise PeerUnknown("lost")
        if fault.failure == "late":
            self.late.append(effect)
            raise PeerUnknown("late")
        if fault.failure == "crash before":
            raise Crash
        try:
            result = effect()
        finally:
            self.between(fault.after)
            if fault.failure == "crash after":
                raise Crash
            if fault.failure == "answer lost":
                raise PeerUnknown("the answer was lost")
        return result

    def arrive(self) -> None:
        """What was on its way arrives; nobody waits for its answer."""
        waiting, self.late = self.late, []
        for effect in waiting:
            with suppress(OrderError):
                effect()


@dataclass
class Hold:
    lines: tuple[CartLine, ...]
    state: str = "HELD"


@dataclass
class FakeInventory:
    """Inventory as its API describes it."""

    trouble: Trouble
    on_hand: dict[str, int]
    holds: dict[str, Hold] = field(default_factory=dict)

    def reserve(self, reference: str, lines: Any, *, ttl_seconds: int) -> None:
        self.trouble.call(lambda: self._reserve(reference, tuple(lines)))

    def extend(self, reference: str, *, ttl_seconds: int) -> None:
        self.trouble.call(lambda: self._expect(reference, "HELD"))

    def commit(self, reference: str) -> None:
        self.trouble.call(lambda: self._commit(reference))

    def release(self, reference: str) -> None:
        self.trouble.call(lambda: self._release(reference))

    def take_back(self, reference: str) -> None:
        self.trouble.call(lambda: self._take_back(reference))

    def apply(self, type_: str, reference: str) -> None:
        """An event of orders; a refusal would be repeated for ever."""
        act = self._take_back if type_ == RETURNED else self._release
        self.trouble.call(lambda: act(reference))

    def expire(self) -> None:
        for hold in self.holds.values():
            if hold.state == "HELD":
                hold.state = "EXPIRED"

    def reserved(self, sku: str) -> int:
        held = (line for hold in self.holds.values() if hold.state == "HELD" for line in hold.lines)
        return sum(line.quantity for line in held if line.sku == sku)

    def _reserve(self, reference: str, lines: tuple[CartLine, ...]) -> None:
        if reference in self.holds:
            return self._expect(reference, "HELD", "COMMITTED")
        short = tuple(
            Shortage(line=number, sku=line.sku, requested=line.quantity, available=available)
            for number, line in enumerate(lines)
            if (available := self.on_hand[line.sku] - self.reserved(line.sku)) < line.quantity
        )
        if short:
            raise OutOfStock(short)
        self.holds[reference] = Hold(lines)
        return None

    def _commit(self, reference: str) -> None:
        self._expect(reference, "HELD", "COMMITTED")
        hold = self.holds[reference]
        if hold.state == "HELD":
            hold.state = "COMMITTED"
            for line in hold.lines:
                self.on_hand[line.sku] -= line.quantity

    def _release(self, reference: str) -> None:
        hold = self.holds.setdefault(reference, Hold((), "RELEASED"))
        if hold.state == "COMMITTED":
            raise ReservationCommitted(reference)
        if hold.state == "HELD":
            hold.state = "RELEASED"

    def _take_back(self, reference: str) -> None:
        self._expect(reference, "COMMITTED", "RETURNED")
        hold = self.holds[reference]
        if hold.state == "COMMITTED":
            hold.state = "RETURNED"
            for line in hold.lines:
                self.on_hand[line.sku] += line.quantity

    def _expect(self, reference: str, *states: str) -> None:
        if reference not in self.holds or self.holds[reference].state not in states:
            raise ReservationClosed(reference)


@dataclass
class FakePayments:
    """The gateway as its API describes it."""

    trouble: Trouble
    payments: dict[str, Payment] = field(default_factory=dict)
    captures: list[str] = field(default_factory=list)

    def find(self, reference: str) -> Payment | None:
        return self.trouble.call(lambda: self.payments.get(reference))

    def authorise(self, reference: str, amount: Money, method: str) -> None:
        self.trouble.call(lambda: self._authorise(reference, amount, method))

    def capture(self, reference: str) -> None:
        self.trouble.call(lambda: self._capture(reference))

    def void(self, reference: str) -> None:
        self.trouble.call(lambda: self._void(reference))

    def refund(self, reference: str, amount: Money) -> None:
        self.trouble.call(lambda: self._refund(reference, amount))

    def _authorise(self, reference: str, amount: Money, method: str) -> None:
        if reference not in self.payments:
            code = "insufficient_funds" if method == "tok_declined" else None
            state = "DECLINED" if code else "AUTHORISED"
            self.payments[reference] = Payment(reference=reference, state=state, amount=amount, decline_code=code)
        found = self.payments[reference]
        if found.state == "DECLINED":
            raise Declined(found.decline_code or "")
        if found.state == "VOIDED":
            raise PaymentClosed(reference)

    def _capture(self, reference: str) -> None:
        found = self.payments[reference]
        if found.state in ("VOIDED", "DECLINED"):
            raise PaymentClosed(reference)
        if found.state == "AUTHORISED":
            self.captures.append(reference)
            self.payments[reference] = replace(found, state="CAPTURED", captured=found.amount.minor_units)

    def _void(self, reference: str) -> None:
        nothing = Payment(reference=reference, state="VOIDED", amount=Money(minor_units=0, currency="EUR"))
        found = self.payments.setdefault(reference, nothing)
        if found.state == "CAPTURED":
            raise PaymentCaptured(reference)
        if found.state == "DECLINED":
            raise PaymentClosed(reference)
        self.payments[reference] = replace(found, state="VOIDED")

    def _refund(self, reference: str, amount: Money) -> None:
        found = self.payments[reference]
        # The key is one an order: a repeat is the same refund.
        if found.refunded == 0:
            if found.captured < amount.minor_units:
                raise RefundRefused(reference)
            self.payments[reference] = replace(found, refunded=amount.minor_units)


@dataclass
class FakeCatalog:
    trouble: Trouble
    prices: dict[str, int]

    def price_of(self, sku: str) -> Offer:
        price = Money(minor_units=self.prices[sku], currency="EUR")
        try:
            return self.trouble.call(lambda: Offer(sku=sku, name=sku, price=price, version=1))
        except (PeerUnavailable, PeerUnknown) as error:
            raise CatalogUnavailable("catalog") from error


@dataclass
class Row:
    resource: str
    lease_until_ms: int
    outcome: Outcome | None = None


@dataclass
class Data:
    orders: dict[str, Order] = field(default_factory=dict)
    history: list[tuple[str, State]] = field(default_factory=list)
    outbox: list[tuple[str, str]] = field(default_factory=list)
    keys: dict[str, Row] = field(default_factory=dict)

    def copy(self) -> "Data":
        """What a transaction works on; orders and outcomes never change."""
        keys = {name: replace(row) for name, row in self.keys.items()}
        return Data(dict(self.orders), list(self.history), list(self.outbox), keys)


class MemoryTransaction:
    def __init__(self, data: Data) -> None:
        self.data = data

    def add(self, order: Order) -> None:
        if any(each.cart_id == order.cart_id and each.state not in FAILED for each in self.data.orders.values()):
            raise CartUsed(order.cart_id)
        self._keep(order, None)

    def load(self, order_id: str) -> Order:
        if order_id not in self.data.orders:
            raise OrderNotFound(order_id)
        return self.data.orders[order_id]

    def move(self, before: Order, after: Order, event: str | None) -> None:
        now = self.data.orders[before.order_id]
        if (now.state, now.version) != (before.state, before.version):
            raise Stale(before.order_id)
        self._keep(after, event)

    def postpone(self, order: Order, *, attempts: int, next_attempt_at_ms: int) -> None:
        now = self.data.orders[order.order_id]
        if (now.state, now.version) == (order.state, order.version):
            later = replace(now, attempts=attempts, next_attempt_at_ms=next_attempt_at_ms)
            self.data.orders[order.order_id] = later

    def _keep(self, order: Order, event: str | None) -> None:
        self.data.orders[order.order_id] = order
        self.data.history.append((order.order_id, order.state))
        if event is not None:
            self.data.outbox.append((event, order.order_id))


class MemoryOrders:
    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        self.data = Data()

    @contextmanager
    def writing(self) -> Iterator[MemoryTransaction]:
        fault = self.trouble.next().failure
        if fault in ("refused", "lost"):
            raise DatabaseUnavailable("down")
        data = self.data.copy()
        assert not self.trouble.in_transaction, "a transaction within another"
        self.trouble.in_transaction = True
        try:
            yield MemoryTransaction(data)
        finally:
            self.trouble.in_transaction = False
        if fault == "crash before":
            raise Crash
        self.data = data
        if fault == "crash after":
            raise Crash
        if fault == "answer lost":
            raise DatabaseUnavailable("the commit's answer was lost")

    def load(self, order_id: str) -> Order:
        return MemoryTransaction(self.data).load(order_id)

    def due(self, states: frozenset[State], *, now_ms: int, limit: int) -> tuple[Order, ...]:
        found = (o for o in self.data.orders.values() if o.state in states and o.next_attempt_at_ms <= now_ms)
        return tuple(sorted(found, key=lambda order: order.next_attempt_at_ms))[:limit]

    def unpaid_before(self, created_at_ms: int, *, limit: int) -> tuple[Order, ...]:
        found = (o for o in self.data.orders.values() if o.state in UNPAID and o.created_at_ms < created_at_ms)
        return tuple(found)[:limit]


class MemoryKey:
    """An Idempotency-Key with a lease, as services.shared.idempotency keeps it."""

    def __init__(self, name: str, now_ms: Callable[[], int]) -> None:
        self.name = name
        self._now_ms = now_ms

    def claim(self, transaction: Any, order_id: str) -> str | None:
        keys = transaction.data.keys
        row = keys.get(self.name)
        if row is None:
            keys[self.name] = Row(order_id, self._now_ms() + LEASE_MS)
            return None
        if row.outcome is not None:
            raise Answered(row.outcome)
        if row.lease_until_ms > self._now_ms():
            raise KeyInUse(retry_after_seconds=1)
        row.lease_until_ms = self._now_ms() + LEASE_MS
        return row.resource

    def complete(self, transaction: Any, outcome: Outcome) -> None:
        if self.name in transaction.data.keys:
            transaction.data.keys[self.name].outcome = outcome

    def abandon(self, transaction: Any) -> None:
        row = transaction.data.keys.get(self.name)
        if row is not None and row.outcome is None:
            del transaction.data.keys[self.name]

    def let_go(self, transaction: Any) -> None:
        row = transaction.data.keys.get(self.name)
        if row is not None and row.outcome is None:
            row.lease_until_ms = self._now_ms()


class World:
    """All of it, put together as the service does."""

    def __init__(self, stock: dict[str, int]) -> None:
        self.now = 1_800_000_000.0
        self.stock = dict(stock)
        self.trouble = Trouble()
        self.catalog = FakeCatalog(self.trouble, dict.fromkeys(stock, 500))
        self.inventory = FakeInventory(self.trouble, dict(stock))
        self.payments = FakePayments(self.trouble)
        self.orders = MemoryOrders(self.trouble)
        self.carts = InMemoryCarts(now=lambda: self.now)
        self.book = OrderBook(self.orders, lambda: self.now)
        self.settlement = Settlement(self.book, self.inventory, self.payments)
        self.after_sales = AfterSales(self.book, self.payments)
        self.checkout = Checkout(self.book, self.carts, self.catalog, self.inventory, self.payments)

    def cart(self, quantities: dict[str, int], owner: str = "u-1") -> Cart:
        """A new cart at today's prices."""
        cart = new_cart(owner=owner, now_ms=self.book.now_ms())
        self.carts.create(cart)
        for sku, quantity in quantities.items():
            price = Money(minor_units=self.catalog.prices[sku], currency="EUR")
            line = CartLine(sku=sku, quantity=quantity, unit_price=price, name=sku)
            changed = put_item(cart, line, now_ms=self.book.now_ms())
            self.carts.save(changed, cart.version)
            cart = changed
        return cart

    def key(self, name: str) -> MemoryKey:
        return MemoryKey(name, self.book.now_ms)

    def place(self, cart: Cart, key: str = "k", method: str = "tok_visa", version: int | None = None) -> Outcome:
        """A checkout; a stored answer is an answer."""
        try:
            return self.checkout.place(
                self.key(key),
                owner="u-1",
                cart_id=cart.cart_id,
                cart_version=version,
                payment_method=method,
                traffic="user",
            )
        except Answered as answered:
            return answered.outcome

    def only_order(self) -> Order:
        (order,) = self.orders.data.orders.values()
        return order

    def relay(self) -> None:
        """Deliver what waits, each order's events in turn; a failed one holds the later ones of its order up."""
        stuck: set[str] = set()
        for event in list(self.orders.data.outbox):
            type_, order_id = event
            if order_id in stuck or event not in self.orders.data.outbox:
                continue
            try:
                if type_ == CONFIRMED:
                    close_cart(self.carts, self.orders.load(order_id).cart_id, now_ms=self.book.now_ms())
                else:
                    self.inventory.apply(type_, order_id)
            except (PeerUnavailable, PeerUnknown):
                stuck.add(order_id)
            else:
                # As with the real relay, another may have delivered it too.
                if event in self.orders.data.outbox:
                    self.orders.data.outbox.remove(event)

    def work(self) -> None:
        """One round of the worker."""
        self.settlement.settle_due()
        self.after_sales.pay_back_due()
        expire(self.book)
        self.relay()

    def calm_down(self) -> None:
        """Everything works again; time passes until nothing is left to do."""
        self.trouble.script.clear()
        for _ in range(20):
            self.trouble.arrive()
            self.work()
            self.now += 61
        self.trouble.arrive()
        self.work()

    def check(self) -> None:
        """Money, stock and orders tell one story."""
        for order in self.orders.data.orders.values():
            self._check_order(order)
        assert len(self.payments.captures) == len(set(self.payments.captures))
        assert not self.orders.data.outbox
        for sku, initial in self.stock.items():
            gone = sum(
                line.quantity
                for hold in self.inventory.holds.values()
                if hold.state == "COMMITTED"
                for line in hold.lines
                if line.sku == sku
            )
            assert self.inventory.on_hand[sku] == initial - gone >= 0
            assert self.inventory.reserved(sku) == 0
        assert not set(self.inventory.holds) - set(self.orders.data.orders)
        assert not set(self.payments.payments) - set(self.orders.data.orders)

    def _check_order(self, order: Order) -> None:
        payment = self.payments.payments.get(order.order_id)
        hold = self.inventory.holds.get(order.order_id)
        money = (payment.captured, payment.refunded) if payment else (0, 0)
        stock = hold.state if hold else None
        total = order.total.minor_units
        if order.state in (State.CONFIRMED, State.FULFILLED):
            assert (money, stock) == ((total, 0), "COMMITTED"), order
        elif order.state is State.REFUNDED:
            assert money == (total, total), order
            assert stock == "RETURNED" if order.restock else stock != "HELD", order
        else:
            assert order.state in FAILED, order
            assert money == (0, 0), order
            assert payment is None or payment.state in ("VOIDED", "DECLINED"), order
            assert stock not in ("HELD", "COMMITTED"), order
