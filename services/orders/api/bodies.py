"""The shapes of orders over HTTP."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.orders.cart_body import Amount
from services.orders.domain.cart import CART_ID_PATTERN, MAX_QUANTITY, CartLine
from services.orders.domain.order import ORDER_ID_PATTERN, PAYMENT_METHOD_PATTERN, Order, State
from services.shared import cursor
from services.shared.errors import CursorError

MAX_LIMIT = 100
_EXAMPLE = "ord_0123456789abcdef0123456789abcdef"


def cursor_after(order: Order) -> str:
    """The cursor of the page that begins after *order*."""
    return cursor.encode(f"{order.created_at_ms}:{order.order_id}")


def position(text: str) -> tuple[int, str]:
    """What `cursor_after` was given: when the order was placed, and its id.

    Raises:  CursorError
    """
    found = re.fullmatch(rf"([0-9]{{1,15}}):({ORDER_ID_PATTERN})", cursor.decode(text), re.ASCII)
    if found is None:
        raise CursorError("not a cursor of this service")
    return int(found[1]), found[2]


def _is_cursor(text: str) -> str:
    try:
        position(text)
    except CursorError as error:
        raise PydanticCustomError("cursor", "Not a cursor of this service") from error
    return text


class CheckoutBody(BaseModel):
    """What is ordered, and how it is paid: never a price, never a card's number."""

    model_config = ConfigDict(extra="forbid", strict=True)

    cart_id: str = Field(pattern=f"^{CART_ID_PATTERN}$", examples=["cart_0123456789abcdef0123456789abcdef"])
    payment_method: str = Field(
        pattern=f"^{PAYMENT_METHOD_PATTERN}$", examples=["tok_visa"], description="A word of the gateway for a card."
    )
    cart_version: int | None = Field(
        None, ge=1, examples=[3], description="The version that the buyer has seen; a cart at another is not ordered."
    )


class RefundBody(BaseModel):
    """How staff pay an order back; it is always the whole order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    restock: bool = Field(False, description="Of an order that was sent: whether its units are back on the shelf.")


class OrderQuery(BaseModel):
    """What a list can be asked for."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Orders on the page.")
    cursor: Annotated[str, AfterValidator(_is_cursor)] | None = Field(
        None, max_length=200, description="`next_cursor` of the page before; opaque."
    )


class OrderLineBody(BaseModel):
    """One product of an order, at the price that is paid."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(examples=["KIT-1001"])
    name: str
    quantity: int = Field(ge=1, le=MAX_QUANTITY)
    unit_price: Amount
    total: Amount

    @classmethod
    def of(cls, line: CartLine) -> "OrderLineBody":
        """*line* as clients see it."""
        return cls(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=Amount.of(line.unit_price),
            total=Amount.of(line.total),
        )


class OrderBody(BaseModel):
    """An order."""

    model_config = ConfigDict(extra="forbid")

    order_id: str = Field(examples=[_EXAMPLE])
    cart_id: str
    state: State
    reason: str | None = Field(description="Why it is in this state, a word for programs.")
    decline_code: str | None = Field(description="Of a DECLINED order: what the gateway said.")
    lines: list[OrderLineBody]
    total: Amount
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    updated_at: str = Field(json_schema_extra={"format": "date-time"})
    version: int = Field(ge=1, description="Grows with each change.")

    @classmethod
    def of(cls, order: Order) -> "OrderBody":
        """*order* as its owner sees it."""
        return cls(
            order_id=order.order_id,
            cart_id=order.cart_id,
            state=order.state,
            reason=order.reason,
            decline_code=order.decline_code,
            lines=[OrderLineBody.of(line) for line in order.lines],
            total=Amount.of(order.total),
            created_at=_rfc3339(order.created_at_ms),
            updated_at=_rfc3339(order.updated_at_ms),
            version=order.version,
        )


class OrderPage(BaseModel):
    """Orders, the newest first, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[OrderBody]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
