"""Reservations in SQL."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select, tuple_, update

from services.inventory.adapters.tables import RESERVATION, RESERVATION_LINE
from services.inventory.domain.reservation import Reservation, State
from services.inventory.domain.stock import Line
from services.shared.upsert import insert_into

_LOCK = select(RESERVATION).where(RESERVATION.c.ref == bindparam("wanted_ref")).with_for_update()
_GET = select(RESERVATION).where(RESERVATION.c.ref == bindparam("wanted_ref"))
_LINES = select(RESERVATION_LINE).where(RESERVATION_LINE.c.ref.in_(bindparam("wanted_refs", expanding=True)))
_CHANGE = (
    update(RESERVATION)
    .where(RESERVATION.c.ref == bindparam("wanted_ref"), RESERVATION.c.state == bindparam("expected"))
    .values(state=bindparam("to"), updated_at_ms=bindparam("now_ms"))
)
_EXTEND = (
    update(RESERVATION)
    .where(RESERVATION.c.ref == bindparam("wanted_ref"), RESERVATION.c.state == State.HELD.value)
    .values(expires_at_ms=bindparam("until_ms"), updated_at_ms=bindparam("now_ms"))
)
# Literally, as a parameter would hide from the planner that the partial index holds the answer.
_HELD = RESERVATION.c.state == literal_column("'HELD'")


class SqlReservations:
    """`Reservations` and `ReservationList` on one connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, reservation: Reservation, *, now_ms: int) -> bool:
        # PostgreSQL waits here for a transaction that is inserting the same ref, until that one ends.
        insert = insert_into(self._connection, RESERVATION).on_conflict_do_nothing().returning(RESERVATION.c.ref)
        row = {
            "ref": reservation.ref,
            "state": reservation.state.value,
            "expires_at_ms": reservation.expires_at_ms,
            "created_at_ms": now_ms,
            "updated_at_ms": now_ms,
        }
        return self._connection.execute(insert, row).first() is not None

    def add_lines(self, reservation: Reservation) -> None:
        rows = [{"ref": reservation.ref, "sku": line.sku, "quantity": line.quantity} for line in reservation.lines]
        self._connection.execute(RESERVATION_LINE.insert(), rows)

    def lock(self, ref: str) -> Reservation | None:
        return self._one(_LOCK, ref)

    def change(self, ref: str, *, expected: State, to: State, now_ms: int) -> bool:
        values = {"wanted_ref": ref, "expected": expected.value, "to": to.value, "now_ms": now_ms}
        return self._connection.execute(_CHANGE, values).rowcount == 1

    def extend(self, ref: str, *, expires_at_ms: int, now_ms: int) -> bool:
        values = {"wanted_ref": ref, "until_ms": expires_at_ms, "now_ms": now_ms}
        return self._connection.execute(_EXTEND, values).rowcount == 1

    def get(self, ref: str) -> Reservation | None:
        return self._one(_GET, ref)

    def page(self, *, state: State | None, after: str | None, limit: int) -> tuple[Reservation, ...]:
        statement = select(RESERVATION).order_by(RESERVATION.c.ref).limit(limit)
        if state is not None:
            statement = statement.where(RESERVATION.c.state == state.value)
        if after is not None:
            statement = statement.where(RESERVATION.c.ref > after)
        return self._with_lines(self._connection.execute(statement).all())

    def due(self, *, now_ms: int, after: tuple[int, str], limit: int) -> tuple[tuple[int, str], ...]:
        key = tuple_(RESERVATION.c.expires_at_ms, RESERVATION.c.ref)
        statement = (
            select(RESERVATION.c.expires_at_ms, RESERVATION.c.ref)
            .where(_HELD, RESERVATION.c.expires_at_ms <= now_ms, key > after)
            .order_by(RESERVATION.c.expires_at_ms, RESERVATION.c.ref)
            .limit(limit)
        )
        return tuple((row.expires_at_ms, row.ref) for row in self._connection.execute(statement))

    def _one(self, statement: Any, ref: str) -> Reservation | None:
        found = self._with_lines(self._connection.execute(statement, {"wanted_ref": ref}).all())
        return found[0] if found else None

    def _with_lines(self, rows: Sequence[Any]) -> tuple[Reservation, ...]:
        lines = self._lines([row.ref for row in rows])
        return tuple(
            Reservation(
                ref=row.ref, state=State(row.state), lines=lines.get(row.ref, ()), expires_at_ms=row.expires_at_ms
            )
            for row in rows
        )

    def _lines(self, refs: Sequence[str]) -> dict[str, tuple[Line, ...]]:
        if not refs:
            return {}
        return _by_ref(self._connection.execute(_LINES, {"wanted_refs": refs}).all())


def _by_ref(rows: Iterable[Any]) -> dict[str, tuple[Line, ...]]:
    """The lines of each ref, by ascending SKU in Python's order: a database may sort by its language's."""
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.sku):
        found[row.ref].append(Line(sku=row.sku, quantity=row.quantity))
    return {ref: tuple(lines) for ref, lines in found.items()}
