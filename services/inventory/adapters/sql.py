"""The inventory's unit of work over SQL: repositories that share one transaction of its database."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.inventory.adapters.sql_audit import SqlAudit
from services.inventory.adapters.sql_reservations import SqlReservations
from services.inventory.adapters.sql_stock import SqlShelf, SqlStockLevels
from services.shared import outbox
from services.shared.database import SQLITE, SQLITE_BUSY_MS, Database
from services.shared.errors import DatabaseUnavailable

CONSUMER = "inventory"


class SqlInbox:
    """`Inbox` on one connection's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def first_time(self, event_id: str, *, now_ms: int) -> bool:
        return outbox.first_time(self._connection, consumer=CONSUMER, event_id=event_id, now_ms=now_ms)


class SqlTransaction:
    """The repositories of the transaction that *connection* is in."""

    def __init__(self, connection: Connection) -> None:
        self.reservations = self.reservation_list = SqlReservations(connection)
        self.stock = SqlStockLevels(connection)
        self.shelf = SqlShelf(connection)
        self.inbox = SqlInbox(connection)
        self.audit = SqlAudit(connection)


class SqlUnitOfWork:
    """Transactions of *database*; one a process.

    SQLite's writers poll for its lock, further and further apart, so that of many at once some never get their turn:
    here the threads of a process queue for it first. PostgreSQL's need no such thing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = threading.Lock() if database.dialect == SQLITE else None

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        with self._own_turn(), self._database.writing() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        with self._database.reading() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def _own_turn(self) -> Iterator[None]:
        if self._turn is None:
            yield
            return
        if not self._turn.acquire(timeout=SQLITE_BUSY_MS / 1000):
            raise DatabaseUnavailable("too many write at once")
        try:
            yield
        finally:
            self._turn.release()
