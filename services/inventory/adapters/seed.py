"""The stock that a new inventory starts with, from the seed file."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, select

from services.inventory.adapters.sql_stock import append_movements, new_stock
from services.inventory.adapters.tables import STOCK
from services.inventory.domain.errors import InvalidLine
from services.inventory.domain.stock import MAX_UNITS, SKU_PATTERN, Kind, Movement
from services.shared.database import Database
from services.shared.upsert import insert_into

SEED_FILE = Path(__file__).parent.parent / "seed" / "stock.json"
_REF = "seed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The units of a SKU that an inventory opens with; 0 of what is never in stock."""

    sku: str
    units: int

    def __post_init__(self) -> None:
        if re.fullmatch(SKU_PATTERN, self.sku) is None or not 0 <= self.units <= MAX_UNITS:
            raise InvalidLine(f"{self.sku!r}: {self.units!r}: expected a SKU and 0 to {MAX_UNITS} units")


def load_seed(path: Path = SEED_FILE) -> tuple[Opening, ...]:
    """The stock in *path*: one object, SKU → units; by ascending SKU.

    Raises:  InvalidLine: what is no SKU or no number of units. OSError, ValueError: not such a file.
    """
    units: dict[str, int] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(Opening(sku=sku, units=units[sku]) for sku in sorted(units))


def is_empty(database: Database) -> bool:
    """Whether *database* knows no SKU at all."""
    with database.reading() as connection:
        return connection.execute(select(STOCK.c.sku).limit(1)).first() is None


def sow(database: Database, openings: Iterable[Opening], *, now_ms: int) -> int:
    """Receive those of *openings* whose SKU is not known yet; the number of them. May be repeated, and run at once."""
    ordered = sorted(openings, key=lambda opening: opening.sku)
    with database.writing() as connection:
        begun = [opening for opening in ordered if _begins(connection, opening, now_ms)]
        movements = [
            Movement(ref=_REF, sku=opening.sku, kind=Kind.RECEIVE, quantity=opening.units, reason="Opening stock")
            for opening in begun
            if opening.units
        ]
        append_movements(connection, movements, now_ms=now_ms)
    return len(begun)


def _begins(connection: Connection, opening: Opening, now_ms: int) -> bool:
    insert = insert_into(connection, STOCK).on_conflict_do_nothing().returning(STOCK.c.sku)
    return connection.execute(insert, new_stock(opening.sku, opening.units, now_ms)).first() is not None
