"""Browsing: the products a page at a time."""

from dataclasses import dataclass

from services.catalog.domain.ports import ProductRepository
from services.catalog.domain.position import Position, Sort
from services.catalog.domain.product import Product
from services.catalog.domain.search import words


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some products, and the position after which the next page begins; None on the last page."""

    products: tuple[Product, ...]
    next_after: str | None


def list_products(
    repository: ProductRepository,
    *,
    category: str | None,
    after: str | None,
    limit: int,
    query: str = "",
    sort: Sort = Sort.SKU,
) -> Page:
    """One page of what is in *category* and has every word of *query*.

    Args:    after: `next_after` of the page before. limit: products on the page, > 0.
    Raises:  InvalidPosition: *after* belongs to another order.
    """
    position = None if after is None else Position.parse(after, sort)
    # One more than asked for tells whether there is a next page without counting all.
    found = repository.page(category=category, after=position, limit=limit + 1, words=words(query), sort=sort)
    products = found[:limit]
    more = len(found) > limit
    return Page(products=products, next_after=Position.after(products[-1], sort).text(sort) if more else None)
