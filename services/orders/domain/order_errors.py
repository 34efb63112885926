"""What can go wrong with an order, in its own terms, and what its peers refuse."""

from dataclasses import dataclass


class OrderError(Exception):
    """Base of the errors below; never raised itself."""


class InvalidOrder(OrderError):
    """An order that the shop could never have made."""


class OrderNotFound(OrderError):
    """There is no such order, or it is somebody else's."""


class NotAllowed(OrderError):
    """A state that does not follow the order's state. `code`: why, in a word for programs."""

    def __init__(self, message: str, code: str = "order_state") -> None:
        super().__init__(message)
        self.code = code


class Stale(OrderError):
    """Somebody else has changed the order since it was read; what was to be stored is not."""


class CartUsed(OrderError):
    """The cart has an order already."""


class CartOutdated(OrderError):
    """The cart is not at the version that its buyer has seen: it may hold more, or cost more."""


class Abandoned(OrderError):
    """Nothing came of the checkout, and nothing is left of it: it can be tried again."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A line of which less is available than was asked for. `line`: its place in the order, from 0."""

    line: int
    sku: str
    requested: int
    available: int


class OutOfStock(OrderError):
    """Not everything is there; nothing is held."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        super().__init__(", ".join(each.sku for each in shortages))
        self.shortages = shortages


class ReservationClosed(OrderError):
    """The hold has ended (expired, released, returned) or was never there: it cannot become anything else."""


class ReservationCommitted(OrderError):
    """The units were committed: they are returned, not released."""


class Declined(OrderError):
    """The payment was refused for good; another attempt with this reference gets the same answer."""

    def __init__(self, decline_code: str) -> None:
        super().__init__(decline_code)
        self.decline_code = decline_code


class PaymentClosed(OrderError):
    """The payment was voided or declined: no money can be taken under this reference any more."""


class PaymentCaptured(OrderError):
    """The money was taken: it is refunded, not voided."""


class RefundRefused(OrderError):
    """Nothing is left that could be paid back."""
