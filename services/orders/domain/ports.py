"""What the life of an order needs from the world. Every time is in milliseconds since the epoch."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from services.orders.domain.cart import CartLine
from services.orders.domain.money import Money
from services.orders.domain.order import Order, State
from services.orders.domain.order_errors import Shortage


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What the gateway says of one reference. Amounts in minor units of the payment's currency."""

    reference: str
    state: str
    amount: Money
    captured: int = 0
    refunded: int = 0
    decline_code: str | None = None


AUTHORISED = "AUTHORISED"
DECLINED = "DECLINED"
VOIDED = "VOIDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """A line that costs something else now; None: it is no longer sold."""

    line: int
    sku: str
    now: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request for an order ended: the order, and the lines that were in its way."""

    order: Order
    in_the_way: tuple[Shortage | PriceChange, ...] = ()


class Transaction(Protocol):
    """One transaction on this service's own data."""

    def add(self, order: Order) -> None:
        """Keep *order*, which is new.

        Raises:  CartUsed: another order of its cart is under way or done.
        """
        ...

    def load(self, order_id: str) -> Order:
        """The order.

        Raises:  OrderNotFound
        """
        ...

    def move(self, before: Order, after: Order, event: str | None) -> None:
        """Put *after* in the place of *before*, with a line in its history, and an *event* for the other services.

        Raises:  Stale: it is no longer at the state and version of *before*.
        """
        ...

    def postpone(self, order: Order, *, attempts: int, next_attempt_at_ms: int) -> None:
        """Note when to try again, unless the order has changed since."""
        ...


class Orders(Protocol):
    """Where orders are kept."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """A transaction: all of it at the end, nothing of it on an error."""
        ...

    def load(self, order_id: str) -> Order:
        """The order as it is now.

        Raises:  OrderNotFound
        """
        ...

    def due(self, states: frozenset[State], *, now_ms: int, limit: int) -> tuple[Order, ...]:
        """Orders in *states* whose next attempt is due, the longest waiting first."""
        ...

    def unpaid_before(self, created_at_ms: int, *, limit: int) -> tuple[Order, ...]:
        """Orders that nobody began to pay, placed before that moment."""
        ...


class OrderList(Protocol):
    """Orders as their owners look at them."""

    def load(self, order_id: str) -> Order:
        """The order as it is now.

        Raises:  OrderNotFound
        """
        ...

    def page(self, owner: str, *, before: tuple[int, str] | None, limit: int) -> tuple[Order, ...]:
        """Orders of *owner*, the newest first, from beyond the (created_at_ms, order_id) *before*."""
        ...


class HintTransaction(Protocol):
    """One transaction that notes a hint."""

    def first_time(self, *, consumer: str, event_id: str, now_ms: int) -> bool:
        """Whether this event has not come before; noted."""
        ...

    def wake(self, order_id: str, states: frozenset[State], *, now_ms: int) -> bool:
        """Let the worker take the order up at once, if it is in one of *states*; whether it is."""
        ...


class Hints(Protocol):
    """Where hints are noted."""

    def writing(self) -> AbstractContextManager[HintTransaction]:
        """A transaction."""
        ...


class RequestKey(Protocol):
    """The Idempotency-Key of the request that is being answered; a transaction is one of `Orders`."""

    def claim(self, transaction: Any, order_id: str) -> str | None:
        """Take the key for *order_id*; the order that an attempt before this one had begun, if there was one."""
        ...

    def complete(self, transaction: Any, outcome: Outcome) -> None:
        """Store the answer, for good, with the change that makes it true."""
        ...

    def abandon(self, transaction: Any) -> None:
        """Give the key back: a repeat of the request begins anew."""
        ...

    def let_go(self, transaction: Any) -> None:
        """End this attempt without an answer: a repeat takes the order up, as it is then."""
        ...


class Inventory(Protocol):
    """The stock, by the order's id. Each may also raise PeerUnavailable or PeerUnknown (services.shared.errors)."""

    def reserve(self, reference: str, lines: Sequence[CartLine], *, ttl_seconds: int) -> None:
        """Hold the units; held already is fine.

        Raises:  OutOfStock, ReservationClosed
        """
        ...

    def extend(self, reference: str, *, ttl_seconds: int) -> None:
        """Hold them for longer.

        Raises:  ReservationClosed: there is no hold.
        """
        ...

    def commit(self, reference: str) -> None:
        """Take them out of the stock; taken already is fine.

        Raises:  ReservationClosed
        """
        ...

    def release(self, reference: str) -> None:
        """End the hold, and keep a late one from beginning.

        Raises:  ReservationCommitted
        """
        ...

    def take_back(self, reference: str) -> None:
        """Put committed units back; back already is fine.

        Raises:  ReservationClosed: they were never committed.
        """
        ...


class Payments(Protocol):
    """The gateway, by the order's id. Each may also raise PeerUnavailable or PeerUnknown."""

    def find(self, reference: str) -> Payment | None:
        """What it knows; None when it has never heard of it."""
        ...

    def authorise(self, reference: str, amount: Money, method: str) -> None:
        """Block the amount; blocked already is fine.

        Raises:  Declined, PaymentClosed
        """
        ...

    def capture(self, reference: str) -> None:
        """Take the blocked amount; taken already is fine.

        Raises:  PaymentClosed
        """
        ...

    def void(self, reference: str) -> None:
        """Give it free, and refuse whatever comes later under this reference.

        Raises:  PaymentCaptured, PaymentClosed: it was declined.
        """
        ...

    def refund(self, reference: str, amount: Money) -> None:
        """Pay it back; a repeat pays nothing more.

        Raises:  RefundRefused: nothing is left of what was captured.
        """
        ...
