"""What the catalog needs from storage and from a cache."""

from contextlib import AbstractContextManager
from typing import Protocol

from services.catalog.domain.position import Position, Sort
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import Category, Product


class ProductRepository(Protocol):
    """Where products are kept."""

    def page(
        self,
        *,
        category: str | None,
        after: Position | None,
        limit: int,
        words: tuple[str, ...] = (),
        sort: Sort = Sort.SKU,
    ) -> tuple[Product, ...]:
        """At most *limit* products in the order *sort*, beyond the position *after*, that have all *words*.

        Args:    category: only this one; None for all but the probes'. words: folded.
        """
        ...

    def get(self, sku: str) -> Product:
        """The product *sku*.

        Raises:  ProductNotFound
        """
        ...

    def check(self) -> None:
        """Return if the storage can be used now, else raise whatever it raises."""
        ...


class CategoryRepository(Protocol):
    """Where categories are kept."""

    def categories(self) -> tuple[Category, ...]:
        """All but the probes', by name; those without products too."""
        ...


class PriceTransaction(Protocol):
    """What one transaction that changes prices can do."""

    def product(self, sku: str) -> Product:
        """The product *sku*; nobody else changes it until the transaction ends.

        Raises:  ProductNotFound
        """
        ...

    def save(self, product: Product, change: PriceChange) -> None:
        """Keep the price and version of *product*, and the *change* that led to it."""
        ...


class PriceBook(Protocol):
    """Where prices are changed, and where their changes are found again."""

    def writing(self) -> AbstractContextManager[PriceTransaction]:
        """One transaction: all of it, or nothing when an error leaves the block."""
        ...

    def changes_since(self, at_ms: int, *, limit: int) -> tuple[PriceChange, ...]:
        """The first *limit* changes made at *at_ms* or later, the oldest first."""
        ...


class CatalogStore(ProductRepository, CategoryRepository, PriceBook, Protocol):
    """One storage that is all of these."""


class ProductCache(Protocol):
    """Copies of products for a while. Never an error: a cache that does not work holds nothing."""

    def get(self, sku: str) -> Product | None:
        """The copy of *sku*, if there is one."""
        ...

    def put(self, product: Product) -> None:
        """Keep *product*, unless the copy that is there is of a later version."""
        ...
