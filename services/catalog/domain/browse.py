"""Browsing: the products a page at a time."""

from dataclasses import dataclass

from services.catalog.domain.ports import ProductRepository
from services.catalog.domain.product import Product


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some products, and the SKU after which the next page begins; None on the last page."""

    products: tuple[Product, ...]
    next_after: str | None


def list_products(repository: ProductRepository, *, category: str | None, after: str | None, limit: int) -> Page:
    """One page. By key, not by offset: a product added meanwhile neither repeats nor hides another.

    Args:    limit: products on the page, > 0.
    """
    # One more than asked for tells whether there is a next page without counting all.
    found = repository.page(category=category, after=after, limit=limit + 1)
    products = found[:limit]
    return Page(products=products, next_after=products[-1].sku if len(found) > limit else None)
