"""The books of all SKUs, compared by the database itself, and what was found in them."""

from sqlalchemy import BigInteger, ColumnElement, Connection, cast, delete, func, or_, select, text, update

from services.inventory.adapters import figures
from services.inventory.adapters.tables import (
    RESERVATION,
    RESERVATION_LINE,
    STOCK,
    STOCK_DISCREPANCY,
    STOCK_MOVEMENT,
)
from services.inventory.domain.discrepancy import Books, Entry, Fault, Finding
from services.shared.database import POSTGRESQL

# Reading every movement may take longer than a request's statement may.
STATEMENT_TIMEOUT_MS = 120_000


def _units(column: ColumnElement[int]) -> ColumnElement[int]:
    """The sum of *column*, 0 of none; PostgreSQL's own sum would be a decimal."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


_HELD = (
    select(RESERVATION_LINE.c.sku, _units(RESERVATION_LINE.c.quantity).label("units"))
    .join(RESERVATION, RESERVATION.c.ref == RESERVATION_LINE.c.ref)
    .where(RESERVATION.c.state == text("'HELD'"))
    .group_by(RESERVATION_LINE.c.sku)
)
_HELD_BY_SKU = _HELD.subquery("held")
_MOVED_BY_SKU = (
    select(STOCK_MOVEMENT.c.sku, _units(STOCK_MOVEMENT.c.quantity).label("units"))
    .group_by(STOCK_MOVEMENT.c.sku)
    .subquery("moved")
)
_HELD_UNITS = func.coalesce(_HELD_BY_SKU.c.units, 0)
_MOVED_UNITS = func.coalesce(_MOVED_BY_SKU.c.units, 0)
# One statement sees one moment, on both databases, however much is bought while it runs.
_DISAGREEING = (
    select(STOCK.c.sku, STOCK.c.on_hand, STOCK.c.reserved, _HELD_UNITS.label("held"), _MOVED_UNITS.label("moved"))
    .outerjoin(_HELD_BY_SKU, _HELD_BY_SKU.c.sku == STOCK.c.sku)
    .outerjoin(_MOVED_BY_SKU, _MOVED_BY_SKU.c.sku == STOCK.c.sku)
    .where(
        or_(
            STOCK.c.reserved != _HELD_UNITS,
            STOCK.c.on_hand != _MOVED_UNITS,
            STOCK.c.on_hand < 0,
            STOCK.c.reserved < 0,
            _HELD_UNITS > _MOVED_UNITS,
        )
    )
)


class SqlAudit:
    """`Audit` on one connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def books(self) -> Books:
        if self._connection.dialect.name == POSTGRESQL:
            # One audit after another, so that none counts what the one before has counted; no order waits for it.
            self._connection.execute(text("LOCK TABLE stock_discrepancy IN EXCLUSIVE MODE"))
            self._connection.execute(text(f"SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"))
        skus: int = self._connection.execute(select(func.count()).select_from(STOCK)).scalar_one()
        rows = self._connection.execute(_DISAGREEING).all()
        entries = tuple(
            Entry(sku=row.sku, on_hand=row.on_hand, reserved=row.reserved, held=row.held, moved=row.moved)
            for row in rows
        )
        return Books(skus=skus, entries=entries)

    def repair(self, sku: str, *, now_ms: int) -> bool:
        # Locked before the sum is taken: whoever holds or gives back units of it comes before or after both.
        self._connection.execute(select(STOCK.c.sku).where(STOCK.c.sku == sku).with_for_update(key_share=True))
        held = self._connection.execute(_HELD.where(RESERVATION_LINE.c.sku == sku)).first()
        units = 0 if held is None else held.units
        statement = update(STOCK).where(STOCK.c.sku == sku, STOCK.c.on_hand >= units)
        values = {"reserved": units, "version": STOCK.c.version + 1, "updated_at_ms": now_ms}
        return self._connection.execute(statement.values(**values)).rowcount == 1

    def standing(self) -> tuple[Finding, ...]:
        rows = self._connection.execute(select(STOCK_DISCREPANCY)).all()
        return tuple(Finding(sku=row.sku, fault=Fault(row.kind), units=row.units) for row in rows)

    def record(self, findings: tuple[Finding, ...], *, newly_oversold: int, now_ms: int) -> None:
        self._connection.execute(delete(STOCK_DISCREPANCY))
        if findings:
            rows = [
                {"sku": finding.sku, "kind": finding.fault.value, "units": finding.units, "found_at_ms": now_ms}
                for finding in findings
            ]
            self._connection.execute(STOCK_DISCREPANCY.insert(), rows)
        figures.reconciled(self._connection, findings, newly_oversold=newly_oversold, now=now_ms / 1000)
