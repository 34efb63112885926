"""A product and its price."""

import re
from dataclasses import dataclass

from services.catalog.domain.errors import InvalidProduct

SKU_PATTERN = r"[A-Z0-9][A-Z0-9-]{1,31}"
CATEGORY_PATTERN = r"[a-z][a-z0-9-]{0,39}"
CURRENCY_PATTERN = r"[A-Z]{3}"


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
        if re.fullmatch(SKU_PATTERN, self.sku) is None:
            raise InvalidProduct(f"SKU {self.sku!r} is not of the form {SKU_PATTERN}")
        if re.fullmatch(CATEGORY_PATTERN, self.category) is None:
            raise InvalidProduct(f"{self.sku}: category {self.category!r} is not of the form {CATEGORY_PATTERN}")
        if self.price.minor_units <= 0:
            raise InvalidProduct(f"{self.sku}: price {self.price.minor_units} is not above 0")
        if not self.name.strip():
            raise InvalidProduct(f"{self.sku}: the name is empty")
