"""Orders of a list, and places in it: by key, not by number, so that what comes and goes meanwhile shifts nothing."""

import json
from dataclasses import dataclass
from enum import StrEnum

from services.catalog.domain.errors import InvalidPosition
from services.catalog.domain.product import MAX_MINOR_UNITS, Product


class Sort(StrEnum):
    """Orders of a list; products that are equal in one follow one another by SKU."""

    SKU = "sku"
    NAME = "name"
    PRICE = "price"
    PRICE_DESCENDING = "-price"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """The place right after the product *sku*, whose value in the list's order is *key*."""

    key: str | int
    sku: str

    @classmethod
    def after(cls, product: Product, sort: Sort) -> "Position":
        """The place after *product* in the order *sort*."""
        return cls(key=sort_key(product, sort), sku=product.sku)

    @classmethod
    def parse(cls, text: str, sort: Sort) -> "Position":
        """The position that `text` was made of; by SKU it is the SKU itself.

        Raises:  InvalidPosition: not of the order *sort*.
        """
        if sort is Sort.SKU:
            if text.startswith('["'):
                raise InvalidPosition("a position of another order")
            # PostgreSQL takes no NUL, and no SKU has one: what follows it cannot change the place.
            place = text.partition("\0")[0]
            return cls(key=place, sku=place)
        return cls._parse_keyed(text, sort)

    @classmethod
    def _parse_keyed(cls, text: str, sort: Sort) -> "Position":
        try:
            order, key, sku = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidPosition("not a position") from error
        texts = (sku, key) if sort is Sort.NAME else (sku,)
        if order != sort or not all(isinstance(each, str) and _storable(each) for each in texts):
            raise InvalidPosition(f"not a position of the order {sort}")
        if sort is not Sort.NAME and not (type(key) is int and 0 <= key <= MAX_MINOR_UNITS):
            raise InvalidPosition("no price is there")
        return cls(key=key, sku=sku)

    def text(self, sort: Sort) -> str:
        """What `parse` reads."""
        return self.sku if sort is Sort.SKU else json.dumps([sort, self.key, self.sku], ensure_ascii=False)


def sort_key(product: Product, sort: Sort) -> str | int:
    """What the order *sort* compares."""
    if sort is Sort.SKU:
        return product.sku
    return product.name if sort is Sort.NAME else product.price.minor_units


def _storable(text: str) -> bool:
    """Whether databases take *text*: no NUL, and no half of a character, which JSON can spell."""
    return "\0" not in text and not any("\ud800" <= each <= "\udfff" for each in text)
