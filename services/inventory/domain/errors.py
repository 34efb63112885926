"""What can go wrong in the inventory, in its own terms."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """A line that cannot be held: *available* units of *sku* are fewer than were asked for; 0 for no such SKU."""

    sku: str
    requested: int
    available: int


class InventoryError(Exception):
    """Base of the errors below; never raised itself."""


class InvalidLine(InventoryError):
    """A line that nobody can mean: no lines at all, a malformed SKU, fewer than one unit."""


class InvalidMovement(InventoryError):
    """A movement that its kind does not allow. The text says what was expected."""


class StockNotFound(InventoryError):
    """No stock of this SKU was ever received."""


class StockHeld(InventoryError):
    """Fewer units would be on hand than are held for customers."""


class OutOfStock(InventoryError):
    """Some lines cannot be held; nothing was."""

    def __init__(self, shortages: tuple[Shortage, ...]) -> None:
        super().__init__(", ".join(shortage.sku for shortage in shortages))
        self.shortages = shortages


class ReservationNotFound(InventoryError):
    """Nothing was ever reserved under this ref."""


class ReservationConflict(InventoryError):
    """The ref stands for other lines already."""


class ReservationClosed(InventoryError):
    """What the ref stood for has been given back, or was never taken: it cannot be held, sold or returned now."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class ReservationCommitted(InventoryError):
    """The units are sold: they come back by a return, not by a release."""


class ReservationNotCommitted(InventoryError):
    """The units were not sold, so they cannot be returned."""


class ReservationChanged(InventoryError):
    """Somebody changed a reservation that was locked, or deleted it: never, while locks do what they promise."""


class StockInconsistent(InventoryError):
    """The stock of a SKU contradicts what is held of it: reconciliation finds it, and repairs what is reserved."""
