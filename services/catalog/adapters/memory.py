"""Products held in memory, for as long as the process runs."""

from bisect import bisect_right
from collections.abc import Iterable

from services.catalog.domain.errors import InvalidProduct, ProductNotFound
from services.catalog.domain.product import Product


class InMemoryProducts:
    """A `ProductRepository` over a fixed set; safe to read from many threads, as nothing changes it.

    Raises:  InvalidProduct: two products with one SKU.
    """

    def __init__(self, products: Iterable[Product]) -> None:
        self._by_sku: dict[str, Product] = {}
        for product in products:
            if product.sku in self._by_sku:
                raise InvalidProduct(f"{product.sku}: is there twice")
            self._by_sku[product.sku] = product
        self._skus: dict[str | None, list[str]] = {None: sorted(self._by_sku)}
        for sku in self._skus[None]:
            self._skus.setdefault(self._by_sku[sku].category, []).append(sku)

    def page(self, *, category: str | None, after: str | None, limit: int) -> tuple[Product, ...]:
        skus = self._skus.get(category, [])
        start = 0 if after is None else bisect_right(skus, after)
        return tuple(self._by_sku[sku] for sku in skus[start : start + limit])

    def get(self, sku: str) -> Product:
        try:
            return self._by_sku[sku]
        except KeyError:
            raise ProductNotFound(sku) from None

    def check(self) -> None:
        """Memory is always there."""
