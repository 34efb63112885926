"""What the other services tell, as the pages show it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.storefront.domain.money import Money

# The category of the products that probes buy; nobody else is to come across them.
PROBE_CATEGORY = "probe"
FEW = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A part of the shop."""

    slug: str
    name: str
    products: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something for sale."""

    sku: str
    name: str
    description: str
    category: str
    price: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductPage:
    """Some products, and how to ask for the rest."""

    products: tuple[Product, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """How many units can be bought now."""

    units: int

    @property
    def text(self) -> str:
        """As a visitor reads it."""
        if self.units <= 0:
            return "Out of stock"
        return f"Only {self.units} left" if self.units <= FEW else "In stock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One product in a cart or an order; `problem`: why it cannot be bought like this."""

    sku: str
    name: str
    quantity: int
    unit_price: Money | None
    problem: str = ""
    was: Money | None = None

    @property
    def total(self) -> Money | None:
        """What the whole line costs; None where nobody knows."""
        return None if self.unit_price is None else self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What somebody wants to buy. cart_id, version: empty and 0 for a guest's."""

    lines: tuple[Line, ...] = ()
    total: Money | None = None
    cart_id: str = ""
    version: int = 0
    is_open: bool = True

    @property
    def items(self) -> int:
        """How many pieces there are."""
        return sum(line.quantity for line in self.lines)

    def quantity_of(self, sku: str) -> int:
        """How many of *sku* are in it."""
        return next((line.quantity for line in self.lines if line.sku == sku), 0)

    def with_problems(self, problems: Mapping[str, str], before: Mapping[str, Money | None]) -> "Cart":
        """The same with what is wrong with each line; *before*: the prices that were shown last, by SKU."""
        lines = []
        for line in self.lines:
            old = before.get(line.sku)
            was = old if line.sku in problems and old != line.unit_price else None
            lines.append(replace(line, problem=problems.get(line.sku, ""), was=was))
        return replace(self, lines=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What has become of a cart that was ordered."""

    order_id: str
    cart_id: str
    state: str
    reason: str | None
    decline_code: str | None
    lines: tuple[Line, ...]
    total: Money
    created_at: datetime
    version: int

    @property
    def number(self) -> str:
        """As people say it."""
        return self.order_id.removeprefix("ord_")[:8].upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPage:
    """Some orders, the newest first, and how to ask for the rest."""

    orders: tuple[Order, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A customer, as they see themselves."""

    email: str
    name: str
    roles: tuple[str, ...]
    created_at: datetime
