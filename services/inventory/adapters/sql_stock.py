"""Stock and its ledger in SQL. Every change of more than one SKU goes through here, by ascending SKU."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, cast, func, select, update

from services.inventory.adapters.tables import STOCK, STOCK_MOVEMENT
from services.inventory.domain.errors import Shortage, StockInconsistent
from services.inventory.domain.reservation import Effect
from services.inventory.domain.stock import Line, Movement, Stock
from services.shared.upsert import insert_into

_FIND = select(STOCK).where(STOCK.c.sku.in_(bindparam("wanted_skus", expanding=True)))
_LOCK = select(STOCK).where(STOCK.c.sku == bindparam("wanted_sku")).with_for_update(key_share=True)
# Compares and changes in one step: what was read before would be somebody else's by now.
_HOLD = (
    update(STOCK)
    .where(STOCK.c.sku == bindparam("wanted_sku"), STOCK.c.on_hand - STOCK.c.reserved >= bindparam("units"))
    .values(
        reserved=STOCK.c.reserved + bindparam("units"),
        version=STOCK.c.version + 1,
        updated_at_ms=bindparam("now_ms"),
    )
)
_SETTLE = (
    update(STOCK)
    .where(
        STOCK.c.sku == bindparam("wanted_sku"),
        STOCK.c.reserved + bindparam("more_reserved") >= 0,
        STOCK.c.on_hand + bindparam("more_on_hand") >= STOCK.c.reserved + bindparam("more_reserved"),
    )
    .values(
        on_hand=STOCK.c.on_hand + bindparam("more_on_hand"),
        reserved=STOCK.c.reserved + bindparam("more_reserved"),
        version=STOCK.c.version + 1,
        updated_at_ms=bindparam("now_ms"),
    )
)
_SET_ON_HAND = (
    update(STOCK)
    .where(STOCK.c.sku == bindparam("wanted_sku"))
    .values(on_hand=bindparam("units"), version=STOCK.c.version + 1, updated_at_ms=bindparam("now_ms"))
    .returning(STOCK)
)
_LEDGER = select(cast(func.coalesce(func.sum(STOCK_MOVEMENT.c.quantity), 0), BigInteger)).where(
    STOCK_MOVEMENT.c.sku == bindparam("wanted_sku")
)


class SqlStockLevels:
    """`StockLevels` on one connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find(self, skus: Iterable[str]) -> tuple[Stock, ...]:
        rows = self._connection.execute(_FIND, {"wanted_skus": sorted(set(skus))}).all()
        return tuple(sorted(map(_stock, rows), key=lambda stock: stock.sku))

    def hold(self, lines: tuple[Line, ...], *, now_ms: int) -> tuple[Shortage, ...]:
        return tuple(shortage for line in _ordered(lines) if (shortage := self._hold(line, now_ms)) is not None)

    def settle(self, ref: str, lines: tuple[Line, ...], effect: Effect, *, now_ms: int) -> None:
        for line in _ordered(lines):
            values = {
                "wanted_sku": line.sku,
                "more_on_hand": effect.on_hand * line.quantity,
                "more_reserved": effect.reserved * line.quantity,
                "now_ms": now_ms,
            }
            if self._connection.execute(_SETTLE, values).rowcount != 1:
                raise StockInconsistent(f"{line.sku}: the stock is less than {ref} says")
        if effect.movement is not None:
            kind = effect.movement
            append_movements(
                self._connection,
                [Movement(ref=ref, sku=line.sku, kind=kind, quantity=effect.on_hand * line.quantity) for line in lines],
                now_ms=now_ms,
            )

    def _hold(self, line: Line, now_ms: int) -> Shortage | None:
        values = {"wanted_sku": line.sku, "units": line.quantity, "now_ms": now_ms}
        if self._connection.execute(_HOLD, values).rowcount == 1:
            return None
        found = self.find([line.sku])
        # Read a moment after the refusal: what came in between does not make it wrong.
        available = min(found[0].available, line.quantity - 1) if found else 0
        return Shortage(sku=line.sku, requested=line.quantity, available=available)


class SqlShelf:
    """`Shelf` on one connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, sku: str, *, create: bool, now_ms: int) -> Stock | None:
        if create:
            insert = insert_into(self._connection, STOCK).on_conflict_do_nothing()
            self._connection.execute(insert, new_stock(sku, 0, now_ms))
        row = self._connection.execute(_LOCK, {"wanted_sku": sku}).first()
        return None if row is None else _stock(row)

    def ledger(self, sku: str) -> int:
        units: int = self._connection.execute(_LEDGER, {"wanted_sku": sku}).scalar_one()
        return units

    def write(self, movement: Movement, *, on_hand: int, now_ms: int) -> Stock:
        append_movements(self._connection, [movement], now_ms=now_ms)
        values = {"wanted_sku": movement.sku, "units": on_hand, "now_ms": now_ms}
        return _stock(self._connection.execute(_SET_ON_HAND, values).one())


def new_stock(sku: str, units: int, now_ms: int) -> dict[str, Any]:
    """The row of a SKU that begins with *units*."""
    return {"sku": sku, "on_hand": units, "reserved": 0, "version": 1, "updated_at_ms": now_ms}


def append_movements(connection: Connection, movements: Iterable[Movement], *, now_ms: int) -> None:
    """Write *movements* into the ledger."""
    rows = [
        {
            "ref": movement.ref,
            "sku": movement.sku,
            "kind": movement.kind.value,
            "quantity": movement.quantity,
            "reason": movement.reason,
            "actor": movement.actor,
            "created_at_ms": now_ms,
        }
        for movement in movements
    ]
    if rows:
        connection.execute(STOCK_MOVEMENT.insert(), rows)


def _ordered(lines: Iterable[Line]) -> list[Line]:
    """The one order in which everybody locks stock."""
    return sorted(lines, key=lambda line: line.sku)


def _stock(row: Any) -> Stock:
    return Stock(sku=row.sku, on_hand=row.on_hand, reserved=row.reserved, version=row.version)
