"""A product and its price."""

import re
from dataclasses import dataclass, replace

from services.catalog.domain.errors import InvalidPrice, InvalidProduct

SKU_PATTERN = r"[A-Z0-9][A-Z0-9-]{1,31}"
CATEGORY_PATTERN = r"[a-z][a-z0-9-]{0,39}"
CURRENCY_PATTERN = r"[A-Z]{3}"
# A million in most currencies: more is a slip of the keyboard.
MAX_MINOR_UNITS = 100_000_000
# Products that synthetic journeys buy, and nobody else sees: lists leave their category out unless it is asked for.
PROBE_CATEGORY = "probe"
PROBE_PREFIX = "PROBE-"


def is_sku(text: str) -> bool:
    """Whether a product could have *text* as its SKU; what could not is asked of no storage."""
    return re.fullmatch(SKU_PATTERN, text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in whole minor units (cents) of a currency (ISO 4217): never a fraction of binary halves."""

    minor_units: int
    currency: str

    def __post_init__(self) -> None:
        if re.fullmatch(CURRENCY_PATTERN, self.currency) is None:
            raise InvalidProduct(f"currency {self.currency!r} is not three capital letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something for sale. `version` grows by one with each change; it is the product's ETag."""

    sku: str
    name: str
    description: str
    category: str
    price: Money
    version: int = 1

    def __post_init__(self) -> None:
        if not is_sku(self.sku):
            raise InvalidProduct(f"SKU {self.sku!r} is not of the form {SKU_PATTERN}")
        if re.fullmatch(CATEGORY_PATTERN, self.category) is None:
            raise InvalidProduct(f"{self.sku}: category {self.category!r} is not of the form {CATEGORY_PATTERN}")
        if self.sku.startswith(PROBE_PREFIX) != (self.category == PROBE_CATEGORY):
            raise InvalidProduct(f"{self.sku}: {PROBE_PREFIX}… and the category {PROBE_CATEGORY} go together")
        if self.price.minor_units <= 0:
            raise InvalidProduct(f"{self.sku}: price {self.price.minor_units} is not above 0")
        if self.price.minor_units > MAX_MINOR_UNITS:
            raise InvalidProduct(f"{self.sku}: price {self.price.minor_units} is above {MAX_MINOR_UNITS}")
        if not self.name.strip():
            raise InvalidProduct(f"{self.sku}: the name is empty")

    def at(self, price: Money) -> "Product":
        """This product at another *price*, one version on; itself when it costs that already.

        Raises:  InvalidPrice: not above 0, above MAX_MINOR_UNITS, or in another currency.
        """
        if not 0 < price.minor_units <= MAX_MINOR_UNITS:
            raise InvalidPrice(f"{self.sku}: price {price.minor_units} is not between 1 and {MAX_MINOR_UNITS}")
        # Carts and orders hold amounts of one currency: a product that moves to another would break their sums.
        if price.currency != self.price.currency:
            raise InvalidPrice(f"{self.sku}: currency {price.currency}, expected {self.price.currency}")
        return self if price == self.price else replace(self, price=price, version=self.version + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A part of the shop: its place in addresses, its name for people, and how many products are in it."""

    slug: str
    name: str
    products: int
