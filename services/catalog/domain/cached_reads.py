"""Single products through a cache: what they cost may be old for its time to live, but never where it was changed."""

from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.ports import ProductCache, ProductRepository
from services.catalog.domain.product import Product, is_sku


class CachedReads:
    """Reads products of *repository* through *cache*.

    Args:    written: remembers what this process has changed, for as long as *cache* can hold older copies. Without it
             a shared cache that was down during the change would show this process its own past.
    """

    def __init__(self, repository: ProductRepository, cache: ProductCache, written: ProductCache) -> None:
        self._repository = repository
        self._cache = cache
        self._written = written

    def get(self, sku: str) -> Product:
        """The product *sku*.

        Raises:  ProductNotFound
        """
        if not is_sku(sku):
            raise ProductNotFound(sku)
        copy = self.copy_of(sku)
        if copy is not None:
            return copy
        product = self._repository.get(sku)
        self._cache.put(product)
        return product

    def copy_of(self, sku: str) -> Product | None:
        """What `get` would answer without asking the repository; None where it would ask."""
        copy, written = self._cache.get(sku), self._written.get(sku)
        return None if copy is None or (written is not None and copy.version < written.version) else copy

    def changed(self, product: Product) -> None:
        """Show *product* from now on: it was just changed here."""
        self._written.put(product)
        self._cache.put(product)
