"""A price that somebody changed."""

from dataclasses import dataclass

from services.catalog.domain.product import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceChange:
    """From *version* on, *sku* costs *price*: since *at_ms* (Unix time), by the subject *by*."""

    sku: str
    version: int
    price: Money
    at_ms: int
    by: str
