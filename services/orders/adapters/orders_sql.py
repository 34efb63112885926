"""Orders in the service's own database, with their history and their events in the same transactions."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from services.orders.adapters.order_rows import changing, order_of, row_of
from services.orders.adapters.tables import HISTORY, ORDERS, USES_ITS_CART
from services.orders.domain.order import UNPAID, Order, State
from services.orders.domain.order_errors import CartUsed, OrderNotFound, Stale
from services.shared import outbox, propagation
from services.shared.database import Database

# Told of a change once it is committed: what was before (None: the order is new), and what is now.
Moved = Callable[[Order | None, Order], None]


class SqlTransaction:
    """One transaction on orders; `connection` is for what goes with them."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.moves: list[tuple[Order | None, Order]] = []

    def add(self, order: Order) -> None:
        try:
            with self.connection.begin_nested():
                self.connection.execute(insert(ORDERS).values(row_of(order)))
        except IntegrityError as error:
            raise CartUsed(order.cart_id) from error
        self._note(None, order, None)

    def load(self, order_id: str) -> Order:
        # Locked: whoever decides by what is read here decides alone. SQLite has one writer anyway.
        row = self.connection.execute(select(ORDERS).where(ORDERS.c.order_id == order_id).with_for_update()).first()
        if row is None:
            raise OrderNotFound(order_id)
        return order_of(row)

    def move(self, before: Order, after: Order, event: str | None) -> None:
        if self.connection.execute(update(ORDERS).where(*_still(before)).values(changing(after))).rowcount != 1:
            raise Stale(before.order_id)
        self._note(before, after, event)

    def postpone(self, order: Order, *, attempts: int, next_attempt_at_ms: int) -> None:
        later = {"attempts": attempts, "next_attempt_at_ms": next_attempt_at_ms}
        self.connection.execute(update(ORDERS).where(*_still(order)).values(later))

    def first_time(self, *, consumer: str, event_id: str, now_ms: int) -> bool:
        """Whether *consumer* has not had this event before; noted."""
        return outbox.first_time(self.connection, consumer=consumer, event_id=event_id, now_ms=now_ms)

    def wake(self, order_id: str, states: frozenset[State], *, now_ms: int) -> bool:
        """Let the worker take the order up at once, if it is in one of *states*; whether it is."""
        waits = ORDERS.c.state.in_([state.value for state in states])
        woken = update(ORDERS).where(ORDERS.c.order_id == order_id, waits).values(next_attempt_at_ms=now_ms)
        return self.connection.execute(woken).rowcount == 1

    def _note(self, before: Order | None, after: Order, event: str | None) -> None:
        self.connection.execute(
            insert(HISTORY).values(
                order_id=after.order_id,
                version=after.version,
                state=after.state.value,
                reason=after.reason,
                at_ms=after.updated_at_ms,
            )
        )
        if event is not None:
            outbox.append(self.connection, _event(event, after))
        self.moves.append((before, after))


class SqlOrders:
    """`Orders` in *database*.

    Args:    moved: told of each change that is committed.
    """

    def __init__(self, database: Database, moved: Moved = lambda before, after: None) -> None:
        self._database = database
        self._moved = moved

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        with self._database.writing() as connection:
            transaction = SqlTransaction(connection)
            yield transaction
        for before, after in transaction.moves:
            self._moved(before, after)

    def load(self, order_id: str) -> Order:
        with self._database.reading() as connection:
            row = connection.execute(select(ORDERS).where(ORDERS.c.order_id == order_id)).first()
        if row is None:
            raise OrderNotFound(order_id)
        return order_of(row)

    def due(self, states: frozenset[State], *, now_ms: int, limit: int) -> tuple[Order, ...]:
        waiting = ORDERS.c.state.in_(sorted(state.value for state in states)), ORDERS.c.next_attempt_at_ms <= now_ms
        return self._all(select(ORDERS).where(*waiting).order_by(ORDERS.c.next_attempt_at_ms).limit(limit))

    def unpaid_before(self, created_at_ms: int, *, limit: int) -> tuple[Order, ...]:
        waiting = ORDERS.c.state.in_(sorted(state.value for state in UNPAID)), ORDERS.c.created_at_ms < created_at_ms
        return self._all(select(ORDERS).where(*waiting).order_by(ORDERS.c.created_at_ms).limit(limit))

    def page(self, owner: str, *, before: tuple[int, str] | None, limit: int) -> tuple[Order, ...]:
        """Orders of *owner*, the newest first, from beyond the (created_at_ms, order_id) *before*."""
        key = ORDERS.c.created_at_ms, ORDERS.c.order_id
        statement = select(ORDERS).where(ORDERS.c.owner == owner).order_by(*(column.desc() for column in key))
        if before is not None:
            statement = statement.where(tuple_(*key) < before)
        return self._all(statement.limit(limit))

    def using(self, cart_ids: Collection[str]) -> frozenset[str]:
        """Those of *cart_ids* whose order is under way or done."""
        statement = select(ORDERS.c.cart_id).where(ORDERS.c.cart_id.in_(cart_ids), USES_ITS_CART)
        with self._database.reading() as connection:
            return frozenset(connection.execute(statement).scalars())

    def between(self, after: str, upto: str | None, *, limit: int) -> tuple[Order, ...]:
        """Orders by id, beyond *after* and not beyond *upto*, None: to the last."""
        statement = select(ORDERS).where(ORDERS.c.order_id > after).order_by(ORDERS.c.order_id).limit(limit)
        return self._all(statement if upto is None else statement.where(ORDERS.c.order_id <= upto))

    def _all(self, statement: Any) -> tuple[Order, ...]:
        with self._database.reading() as connection:
            return tuple(order_of(row) for row in connection.execute(statement))


def _still(order: Order) -> tuple[Any, ...]:
    return (
        ORDERS.c.order_id == order.order_id,
        ORDERS.c.state == order.state.value,
        ORDERS.c.version == order.version,
    )


def _event(type_: str, order: Order) -> outbox.Event:
    data: Mapping[str, Any] = {"order_id": order.order_id, "cart_id": order.cart_id}
    return outbox.Event(
        event_id=f"evt_{uuid.uuid4().hex}",
        type=type_,
        subject=order.order_id,
        occurred_at_ms=order.updated_at_ms,
        data=data,
        context=propagation.stored(),
    )
