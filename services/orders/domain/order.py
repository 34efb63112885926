"""An order, its states, and which state may follow which. Each change is a new version; nothing here stores it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.orders.domain.cart import Cart, CartLine
from services.orders.domain.money import Money
from services.orders.domain.order_errors import InvalidOrder, NotAllowed

ORDER_ID_PATTERN = r"ord_[0-9a-f]{32}"
# A word that stands for a card at the gateway. Without digits, so that no card number can be one.
PAYMENT_METHOD_PATTERN = r"tok_[a-z][a-z_]{0,58}"
MAX_REASON_LENGTH = 64


class State(StrEnum):
    """Where an order stands."""

    PENDING = "PENDING"
    RESERVED = "RESERVED"
    PAYING = "PAYING"
    PAYMENT_UNKNOWN = "PAYMENT_UNKNOWN"
    CONFIRMED = "CONFIRMED"
    FULFILLED = "FULFILLED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REFUND_PENDING = "REFUND_PENDING"
    REFUNDED = "REFUNDED"


# The only changes that there are. An order that may have money at the gateway never expires. It is paid back where
# money was taken for stock that is gone.
TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.RESERVED, State.CANCELLED, State.EXPIRED}),
    State.RESERVED: frozenset({State.PAYING, State.CANCELLED, State.EXPIRED}),
    State.PAYING: frozenset(
        {State.CONFIRMED, State.DECLINED, State.CANCELLED, State.PAYMENT_UNKNOWN, State.REFUND_PENDING}
    ),
    State.PAYMENT_UNKNOWN: frozenset({State.CONFIRMED, State.DECLINED, State.CANCELLED, State.REFUND_PENDING}),
    State.CONFIRMED: frozenset({State.FULFILLED, State.REFUND_PENDING}),
    State.FULFILLED: frozenset({State.REFUND_PENDING}),
    State.REFUND_PENDING: frozenset({State.REFUNDED}),
    State.DECLINED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
    State.REFUNDED: frozenset(),
}
UNPAID = frozenset({State.PENDING, State.RESERVED})
IN_PAYMENT = frozenset({State.PAYING, State.PAYMENT_UNKNOWN})
# A cart with an order in another state than these is used up.
FAILED = frozenset({State.DECLINED, State.CANCELLED, State.EXPIRED})
PAID = frozenset({State.CONFIRMED, State.FULFILLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What somebody buys: the lines and prices that the cart had when it was ordered.

    reason:              why it ended as it did, a word for programs; decline_code: the gateway's.
    restock:             whether its units go back on the shelf once it is refunded.
    traffic:             whose it is (user, probe, load): metrics of all later changes count it there.
    next_attempt_at_ms:  when somebody else may take it up: not before whoever works on it now has given up.
    attempts:            of settling or refunding, that came to no answer. unknown_since_ms: see PAYMENT_UNKNOWN.

    Raises:  InvalidOrder: malformed, empty, or not in one currency.
    """

    order_id: str
    cart_id: str
    owner: str
    lines: tuple[CartLine, ...]
    payment_method: str
    state: State = State.PENDING
    version: int = 1
    reason: str | None = None
    decline_code: str | None = None
    restock: bool = True
    traffic: str = "user"
    created_at_ms: int
    updated_at_ms: int
    next_attempt_at_ms: int = 0
    attempts: int = 0
    unknown_since_ms: int | None = None

    def __post_init__(self) -> None:
        if re.fullmatch(ORDER_ID_PATTERN, self.order_id) is None:
            raise InvalidOrder(f"order id {self.order_id!r} is not of the form {ORDER_ID_PATTERN}")
        if re.fullmatch(PAYMENT_METHOD_PATTERN, self.payment_method) is None:
            raise InvalidOrder(f"the payment method is not of the form {PAYMENT_METHOD_PATTERN}")
        if not self.lines or len({line.unit_price.currency for line in self.lines}) > 1:
            raise InvalidOrder("no lines, or lines in more than one currency")

    @property
    def total(self) -> Money:
        """What is charged."""
        amount = sum(line.total.minor_units for line in self.lines)
        return Money(minor_units=amount, currency=self.lines[0].unit_price.currency)

    def age_seconds(self, now_ms: int) -> float:
        """Since it was placed."""
        return max(0.0, (now_ms - self.created_at_ms) / 1000)


def new_order_id() -> str:
    """An id that cannot be guessed."""
    return f"ord_{uuid.uuid4().hex}"


def place(cart: Cart, *, order_id: str, payment_method: str, traffic: str, now_ms: int) -> Order:
    """The order of what is in *cart* now, at the prices that its owner saw.

    Raises:  InvalidOrder: the cart is empty.
    """
    return Order(
        order_id=order_id,
        cart_id=cart.cart_id,
        owner=cart.owner,
        lines=cart.lines,
        payment_method=payment_method,
        traffic=traffic,
        created_at_ms=now_ms,
        updated_at_ms=now_ms,
    )


def change(
    order: Order,
    to: State,
    *,
    now_ms: int,
    reason: str | None = None,
    decline_code: str | None = None,
    restock: bool | None = None,
    next_attempt_at_ms: int | None = None,
) -> Order:
    """*order* in its next state.

    Args:    next_attempt_at_ms: when a worker may take it up; at once when it is left out.
    Raises:  NotAllowed: *to* does not follow its state.
    """
    if to not in TRANSITIONS[order.state]:
        raise NotAllowed(f"{to} does not follow {order.state}")
    return replace(
        order,
        state=to,
        version=order.version + 1,
        reason=order.reason if reason is None else reason[:MAX_REASON_LENGTH],
        decline_code=order.decline_code if decline_code is None else decline_code[:MAX_REASON_LENGTH],
        restock=order.restock if restock is None else restock,
        # A clock that was set back must not make a history run backwards.
        updated_at_ms=max(now_ms, order.updated_at_ms),
        next_attempt_at_ms=now_ms if next_attempt_at_ms is None else next_attempt_at_ms,
        attempts=0,
        unknown_since_ms=now_ms if to is State.PAYMENT_UNKNOWN else order.unknown_since_ms,
    )
