"""The inventory's REST API under `/api/v1`: what comes in is checked here and turned into domain terms."""

from services.inventory.api.events import event_pages
from services.inventory.api.movements import movement_pages
from services.inventory.api.reservations import reservation_pages
from services.inventory.api.settlements import settlement_pages
from services.inventory.api.stock import stock_pages

__all__ = ["event_pages", "movement_pages", "reservation_pages", "settlement_pages", "stock_pages"]
