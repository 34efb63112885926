"""What can go wrong with a cart, in its own terms."""


class CartError(Exception):
    """Base of the errors below; never raised itself."""


class CartNotFound(CartError):
    """No cart has this id: there never was one, it has expired, or it is somebody else's."""


class CartChanged(CartError):
    """Somebody else has changed the cart since it was read; what was to be saved is not."""


class CartStale(CartError):
    """The cart is not at the version that whoever changes it has seen."""


class CartOrdered(CartError):
    """The cart was ordered and can no longer be changed."""


class CartEmpty(CartError):
    """There is nothing in the cart that could be ordered."""


class CartFull(CartError):
    """The cart has as many lines as it may have."""


class CurrencyMismatch(CartError):
    """A line in another currency than the cart's lines: they could not be paid at once."""


class InvalidCart(CartError):
    """A cart or line that the shop could never have made: no quantity, no price, a malformed id or SKU."""


class ProductUnknown(CartError):
    """The catalog sells nothing under this SKU."""


class CatalogUnavailable(CartError):
    """The catalog gave no answer that can be relied on, so that there is no price."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
