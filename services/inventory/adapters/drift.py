"""The fault `stock-drift`: units come or go on the shelf, and nobody writes it down."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, select, update

from services.inventory.adapters.tables import STOCK
from services.inventory.domain.errors import StockNotFound
from services.shared.database import Database

_LOGGER = logging.getLogger(__name__)


def drifts(database: Database, *, now: Callable[[], float] = time.time) -> Callable[[Mapping[str, Any]], None]:
    """A listener for the fault: each injection moves the units that it names, once. *now*: Unix seconds."""

    def listener(value: Mapping[str, Any]) -> None:
        moved = drift(database, sku=value["sku"], units=value["units"], now_ms=int(now() * 1000))
        _LOGGER.warning("stock drifted", extra={"sku": moved[0], "units": moved[1]})

    return listener


def drift(database: Database, *, sku: str | None, units: int, now_ms: int) -> tuple[str, int]:
    """Change what is on hand of *sku* by *units*, without a movement; never below what is held.

    It does not end with the fault: reconciliation shows it until a drift the other way, or a count, sets it right.

    Args:    sku: by default the one of which there is the most.
    Returns: the SKU, and by how many units it has changed.
    Raises:  StockNotFound
    """
    found = select(STOCK).order_by(STOCK.c.on_hand.desc(), STOCK.c.sku).limit(1)
    if sku is not None:
        found = found.where(STOCK.c.sku == sku)
    wanted: ColumnElement[int] = STOCK.c.on_hand + units
    drifted = case((wanted < STOCK.c.reserved, STOCK.c.reserved), else_=wanted)
    with database.writing() as connection:
        before = connection.execute(found.with_for_update(key_share=True)).first()
        if before is None:
            raise StockNotFound(sku or "any")
        change = update(STOCK).where(STOCK.c.sku == before.sku)
        values = {"on_hand": drifted, "version": STOCK.c.version + 1, "updated_at_ms": now_ms}
        after: int = connection.execute(change.values(**values).returning(STOCK.c.on_hand)).scalar_one()
    return before.sku, after - before.on_hand
