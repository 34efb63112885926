"""What can go wrong in the catalog, in its own terms."""


class CatalogError(Exception):
    """Base of the errors below; never raised itself."""


class ProductNotFound(CatalogError):
    """No product has this SKU."""


class InvalidProduct(CatalogError):
    """A product that the shop could not sell: a price of nothing, a malformed SKU or category."""
