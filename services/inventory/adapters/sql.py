"""The inventory's unit of work over SQL: repositories that share one transaction of its database."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.inventory.adapters.sql_audit import SqlAudit
from services.inventory.adapters.sql_reservations import SqlReservations
from services.inventory.adapters.sql_stock import SqlShelf, SqlStockLevels
from services.shared import outbox
from services.shared.database import Database

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
    """Transactions of *database*; one a process."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def writing(self) -> Iterator[SqlTransaction]:
        with self._database.writing() as connection:
            yield SqlTransaction(connection)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        with self._database.reading() as connection:
            yield SqlTransaction(connection)
