"""Carts in the service's own database: the embedded default. Two tables; a cart's row carries the version of all."""

import itertools
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    select,
    update,
)

from services.orders.domain.cart import LIFETIME_MS, Cart, CartLine, CartState
from services.orders.domain.cart_errors import CartChanged, CartNotFound
from services.orders.domain.money import Money
from services.shared.database import Database
from services.shared.upsert import insert_into

REVISION = "0001"
PURGE_MOST = 1_000


def cart_tables(metadata: MetaData) -> tuple[Table, Table]:
    """The tables of carts and of their lines, for the service's metadata."""
    carts = Table(
        "carts",
        metadata,
        Column("cart_id", String(37), primary_key=True),
        Column("owner", String(128), nullable=False),
        Column("state", String(16), nullable=False),
        Column("version", BigInteger, nullable=False),
        Column("updated_at_ms", BigInteger, nullable=False, index=True),
        CheckConstraint("version >= 1", name="carts_version"),
        Index("carts_owner", "owner", "updated_at_ms"),
    )
    lines = Table(
        "cart_lines",
        metadata,
        Column("cart_id", String(37), ForeignKey("carts.cart_id", ondelete="CASCADE"), primary_key=True),
        Column("sku", String(32), primary_key=True),
        Column("position", Integer, nullable=False),
        Column("quantity", Integer, nullable=False),
        Column("unit_price_minor_units", BigInteger, nullable=False),
        Column("currency", String(3), nullable=False),
        Column("name", String(200), nullable=False),
        CheckConstraint("quantity BETWEEN 1 AND 99", name="cart_lines_quantity"),
        CheckConstraint("unit_price_minor_units >= 1", name="cart_lines_unit_price"),
    )
    return carts, lines


_CARTS, _LINES = cart_tables(MetaData())


class SqlCarts:
    """A `CartRepository` in *database*, each method a transaction of its own.

    Args:    now: Unix seconds.
    """

    def __init__(self, database: Database, *, now: Callable[[], float] = time.time) -> None:
        self._database = database
        self._now = now

    def create(self, cart: Cart) -> None:
        with self._database.writing() as connection:
            created = (
                insert_into(connection, _CARTS).on_conflict_do_nothing().values(cart_id=cart.cart_id, **_row(cart))
            )
            if connection.execute(created.returning(_CARTS.c.cart_id)).first() is None:
                raise CartChanged(cart.cart_id)
            _insert_lines(connection, cart)

    def get(self, cart_id: str) -> Cart:
        # One statement: of two, the second might see the lines of a later version.
        statement = (
            select(_CARTS, _LINES)
            .select_from(_CARTS.outerjoin(_LINES))
            .where(_CARTS.c.cart_id == cart_id, _CARTS.c.updated_at_ms > self._forgotten_at_ms())
            .order_by(_LINES.c.position)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        if not rows:
            raise CartNotFound(cart_id)
        return _cart(rows)

    def save(self, cart: Cart, expected_version: int) -> None:
        saved = (
            update(_CARTS)
            .where(_CARTS.c.cart_id == cart.cart_id, _CARTS.c.version == expected_version)
            .values(**_row(cart))
        )
        with self._database.writing() as connection:
            if connection.execute(saved).rowcount != 1:
                raise _lost(connection, cart.cart_id)
            connection.execute(delete(_LINES).where(_LINES.c.cart_id == cart.cart_id))
            _insert_lines(connection, cart)

    def delete(self, cart_id: str, expected_version: int) -> None:
        gone = delete(_CARTS).where(_CARTS.c.cart_id == cart_id, _CARTS.c.version == expected_version)
        with self._database.writing() as connection:
            if connection.execute(gone).rowcount != 1:
                raise _lost(connection, cart_id)

    def open_of(self, owner: str, *, limit: int) -> tuple[Cart, ...]:
        is_open = _CARTS.c.owner == owner, _CARTS.c.state == CartState.OPEN.value
        latest = _CARTS.c.updated_at_ms.desc(), _CARTS.c.cart_id
        chosen = select(_CARTS.c.cart_id).where(*is_open, _CARTS.c.updated_at_ms > self._forgotten_at_ms())
        statement = (
            select(_CARTS, _LINES)
            .select_from(_CARTS.outerjoin(_LINES))
            .where(_CARTS.c.cart_id.in_(chosen.order_by(*latest).limit(limit)))
            .order_by(*latest, _LINES.c.position)
        )
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return tuple(_cart([*each]) for _, each in itertools.groupby(rows, key=lambda row: row.cart_id))

    def check(self) -> None:
        self._database.check(REVISION)

    def _forgotten_at_ms(self) -> int:
        return int(self._now() * 1000) - LIFETIME_MS


def purge(connection: Connection, *, now_ms: int, most: int = PURGE_MOST) -> int:
    """Delete expired carts, the oldest first, at most *most* at once; the number of them."""
    oldest = (
        select(_CARTS.c.cart_id)
        .where(_CARTS.c.updated_at_ms <= now_ms - LIFETIME_MS)
        .order_by(_CARTS.c.updated_at_ms)
        .limit(most)
        # Two that purge at once divide the work in place of waiting; nobody changes what has expired.
        .with_for_update(skip_locked=True)
    )
    found = connection.execute(oldest).scalars().all()
    connection.execute(delete(_CARTS).where(_CARTS.c.cart_id.in_(found)))
    return len(found)


def _lost(connection: Connection, cart_id: str) -> CartChanged | CartNotFound:
    """Why a conditional change met nothing."""
    found = connection.execute(select(_CARTS.c.cart_id).where(_CARTS.c.cart_id == cart_id)).first()
    return CartNotFound(cart_id) if found is None else CartChanged(cart_id)


def _row(cart: Cart) -> dict[str, Any]:
    return {
        "owner": cart.owner,
        "state": cart.state.value,
        "version": cart.version,
        "updated_at_ms": cart.updated_at_ms,
    }


def _insert_lines(connection: Connection, cart: Cart) -> None:
    rows = [
        {
            "cart_id": cart.cart_id,
            "sku": line.sku,
            "position": position,
            "quantity": line.quantity,
            "unit_price_minor_units": line.unit_price.minor_units,
            "currency": line.unit_price.currency,
            "name": line.name,
        }
        for position, line in enumerate(cart.lines)
    ]
    if rows:
        connection.execute(insert(_LINES), rows)


def _cart(rows: Any) -> Cart:
    first = rows[0]
    return Cart(
        cart_id=first.cart_id,
        owner=first.owner,
        lines=tuple(_line(row) for row in rows if row.sku is not None),
        state=CartState(first.state),
        version=first.version,
        updated_at_ms=first.updated_at_ms,
    )


def _line(row: Any) -> CartLine:
    price = Money(minor_units=row.unit_price_minor_units, currency=row.currency)
    return CartLine(sku=row.sku, quantity=row.quantity, unit_price=price, name=row.name)
