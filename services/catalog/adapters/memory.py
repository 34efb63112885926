"""A whole catalog held in memory, for as long as the process runs: what tests use in place of a database."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from services.catalog.domain.errors import InvalidProduct, ProductNotFound
from services.catalog.domain.position import Position, Sort, sort_key
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import PROBE_CATEGORY, Category, Product
from services.catalog.domain.search import searchable


class InMemoryProducts:
    """A `CatalogStore` over a fixed set of products, of which only prices change.

    Args:    categories: names by slug; those that products are in and that have none here get one.
    Raises:  InvalidProduct: two products with one SKU.
    """

    def __init__(self, products: Iterable[Product], categories: Mapping[str, str] | None = None) -> None:
        self._by_sku: dict[str, Product] = {}
        for product in products:
            if product.sku in self._by_sku:
                raise InvalidProduct(f"{product.sku}: is there twice")
            self._by_sku[product.sku] = product
        self._names = {each.category: each.category.capitalize() for each in self._by_sku.values()}
        self._names |= categories or {}
        self._changes: list[PriceChange] = []
        self._lock = threading.RLock()

    def page(
        self,
        *,
        category: str | None,
        after: Position | None,
        limit: int,
        words: tuple[str, ...] = (),
        sort: Sort = Sort.SKU,
    ) -> tuple[Product, ...]:
        found = [each for each in list(self._by_sku.values()) if _is_in(each, category) and _has(each, words)]
        found.sort(key=lambda each: each.sku)
        descending = sort is Sort.PRICE_DESCENDING
        found.sort(key=lambda each: sort_key(each, sort), reverse=descending)
        return tuple(each for each in found if after is None or _is_beyond(each, after, sort))[:limit]

    def get(self, sku: str) -> Product:
        try:
            return self._by_sku[sku]
        except KeyError:
            raise ProductNotFound(sku) from None

    def categories(self) -> tuple[Category, ...]:
        counts = dict.fromkeys(self._names, 0)
        for product in list(self._by_sku.values()):
            counts[product.category] += 1
        found = (Category(slug=slug, name=self._names[slug], products=count) for slug, count in counts.items())
        return tuple(sorted((each for each in found if each.slug != PROBE_CATEGORY), key=lambda each: each.name))

    @contextmanager
    def writing(self) -> Iterator["_Transaction"]:
        with self._lock:
            transaction = _Transaction(self)
            yield transaction
            for product, change in transaction.saved:
                self._by_sku[product.sku] = product
                self._changes.append(change)

    def changes_since(self, at_ms: int, *, limit: int) -> tuple[PriceChange, ...]:
        with self._lock:
            found = sorted((each for each in self._changes if each.at_ms >= at_ms), key=lambda each: each.at_ms)
        return tuple(found[:limit])

    def check(self) -> None:
        """Memory is always there."""


class _Transaction:
    """What is saved is kept at the end of the block, and forgotten when an error leaves it."""

    def __init__(self, products: InMemoryProducts) -> None:
        self._products = products
        self.saved: list[tuple[Product, PriceChange]] = []

    def product(self, sku: str) -> Product:
        return self._products.get(sku)

    def save(self, product: Product, change: PriceChange) -> None:
        self.saved.append((product, change))


def _is_in(product: Product, category: str | None) -> bool:
    return product.category != PROBE_CATEGORY if category is None else product.category == category


def _has(product: Product, words: tuple[str, ...]) -> bool:
    text = searchable(sku=product.sku, name=product.name, description=product.description, category=product.category)
    return all(word in text for word in words)


def _is_beyond(product: Product, after: Position, sort: Sort) -> bool:
    key = sort_key(product, sort)
    if key == after.key:
        return product.sku > after.sku
    return key < after.key if sort is Sort.PRICE_DESCENDING else key > after.key  # type: ignore[operator]
