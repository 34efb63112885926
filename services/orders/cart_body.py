"""The shapes of carts over HTTP."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.orders.domain.cart import MAX_QUANTITY, Cart, CartLine
from services.orders.domain.money import Money

# Hardly anybody has two.
MAX_LISTED = 10


class NewCart(BaseModel):
    """What a new cart is made from: nothing; its owner is whoever asks."""

    model_config = ConfigDict(extra="forbid", strict=True)


class QuantityBody(BaseModel):
    """How many of a product; its price is the catalog's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    quantity: int = Field(ge=1, le=MAX_QUANTITY, examples=[2])


class Amount(BaseModel):
    """An amount in whole minor units (cents) of an ISO 4217 currency."""

    model_config = ConfigDict(extra="forbid")

    minor_units: int = Field(ge=1, examples=[2490])
    currency: str = Field(pattern="^[A-Z]{3}$", examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> "Amount":
        """*money* as clients see it."""
        return cls(minor_units=money.minor_units, currency=money.currency)


class CartLineBody(BaseModel):
    """One product in a cart, at the price of when it was put in."""

    model_config = ConfigDict(extra="forbid")

    sku: str = Field(examples=["KIT-1001"])
    name: str
    quantity: int = Field(ge=1, le=MAX_QUANTITY)
    unit_price: Amount
    total: Amount

    @classmethod
    def of(cls, line: CartLine) -> "CartLineBody":
        """*line* as clients see it."""
        return cls(
            sku=line.sku,
            name=line.name,
            quantity=line.quantity,
            unit_price=Amount.of(line.unit_price),
            total=Amount.of(line.total),
        )


class CartBody(BaseModel):
    """A cart."""

    model_config = ConfigDict(extra="forbid")

    cart_id: str = Field(examples=["cart_0123456789abcdef0123456789abcdef"])
    state: Literal["OPEN", "ORDERED"] = Field(description="An ORDERED cart can no longer be changed.")
    lines: list[CartLineBody] = Field(description="In the order in which they were put in.")
    total: Amount | None = Field(description="Null for an empty cart.")
    version: int = Field(ge=1, description="Grows with each change; the ETag of the cart.")
    updated_at: str = Field(json_schema_extra={"format": "date-time"})
    expires_at: str = Field(
        description="When it is forgotten unless changed.", json_schema_extra={"format": "date-time"}
    )

    @classmethod
    def of(cls, cart: Cart) -> "CartBody":
        """*cart* as its owner sees it."""
        return cls(
            cart_id=cart.cart_id,
            state=cart.state.value,
            lines=[CartLineBody.of(line) for line in cart.lines],
            total=None if cart.total is None else Amount.of(cart.total),
            version=cart.version,
            updated_at=_rfc3339(cart.updated_at_ms),
            expires_at=_rfc3339(cart.expires_at_ms),
        )


class CartList(BaseModel):
    """Some carts."""

    model_config = ConfigDict(extra="forbid")

    items: list[CartBody] = Field(
        description=f"At most {MAX_LISTED}, the one that was changed last first. A change of the last second may be "
        "missing."
    )


def _rfc3339(at_ms: int) -> str:
    seconds, rest = divmod(at_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest * 1000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
