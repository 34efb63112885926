"""What can go wrong in the catalog, in its own terms."""


class CatalogError(Exception):
    """Base of the errors below; never raised itself."""


class ProductNotFound(CatalogError):
    """No product has this SKU."""


class InvalidProduct(CatalogError):
    """A product that the shop could not sell: a price of nothing, a malformed SKU or category."""


class InvalidPosition(CatalogError):
    """A place in a list that no list of this order has."""


class InvalidPrice(CatalogError):
    """A price that this product cannot have: of nothing, beyond all sense, or in another currency."""


class PriceChanged(CatalogError):
    """The product is no longer at a version that the change was based on. `version` is the one it is at."""

    def __init__(self, sku: str, version: int) -> None:
        super().__init__(f"{sku}: at version {version}")
        self.version = version
