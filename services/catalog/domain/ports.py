"""What the catalog needs from storage."""

from typing import Protocol

from services.catalog.domain.product import Product


class ProductRepository(Protocol):
    """Where products are kept."""

    def page(self, *, category: str | None, after: str | None, limit: int) -> tuple[Product, ...]:
        """At most *limit* products by ascending SKU, beyond the SKU *after*, of one *category* or of all."""
        ...

    def get(self, sku: str) -> Product:
        """The product *sku*.

        Raises:  ProductNotFound
        """
        ...

    def check(self) -> None:
        """Return if the storage can be used now, else raise whatever it raises."""
        ...
