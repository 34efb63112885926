"""A service's own database: one transaction at a time, on SQLite or PostgreSQL, with every wait bounded.

SQLite is the embedded default: one file that a service, its worker and its jobs share on one host. Replicas need
PostgreSQL. A write transaction is never held across a call to another service.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.shared.database_metrics import DatabaseMetrics
from services.shared.errors import DatabaseUnavailable, NotReady

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
# Longer than any of our transactions, shorter than what a caller waits for.
SQLITE_BUSY_MS = 5000
LOCK_TIMEOUT_MS = 3000
STATEMENT_TIMEOUT_MS = 5000
CONNECT_TIMEOUT_SECONDS = 3
POOL_TIMEOUT_SECONDS = 2.0
_WRITING = "tillwatch_writing"


class Database:
    """Transactions over one engine. Fault injection makes `guard`, which runs before each of them, raise, and `pause`,
    which runs within each statement, take its time.
    """

    def __init__(self, engine: Engine, metrics: DatabaseMetrics | None = None) -> None:
        self._engine = engine
        self._metrics = metrics
        self.guard: Callable[[], None] = _pass
        self.pause: Callable[[], None] = _pass
        # Behind the metrics' own, which begins to measure.
        event.listen(engine, "before_cursor_execute", lambda *_: self.pause())
        self.dialect: str = engine.dialect.name
        # SQLite's writers poll for its lock, further and further apart, so that of many at once some never get it:
        # the threads of a process queue for it first. PostgreSQL's need no such thing.
        self._turn = threading.Lock() if self.dialect == SQLITE else None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that may change data: committed at the end, rolled back on any error.

        SQLite takes its write lock at once (BEGIN IMMEDIATE): a transaction that reads first and then asks for the
        lock fails at once when somebody else has it. PostgreSQL runs at READ COMMITTED.

        Raises:  DatabaseUnavailable: not reachable, too busy, a deadlock or a timeout. Whether a commit that was
                 under way has happened is then not known; the caller's idempotency key finds out.
        """
        with self._own_turn(), self._transaction(writing=True) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One transaction that only reads.

        Raises:  DatabaseUnavailable: as in `writing`.
        """
        with self._transaction(writing=False) as connection:
            yield connection

    def revision(self) -> str | None:
        """The schema revision that the database is at; None when it was never migrated.

        Raises:  DatabaseUnavailable: not reachable.
        """
        with self.reading() as connection:
            if not self._engine.dialect.has_table(connection, "alembic_version"):
                return None
            found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return found

    def check(self, revision: str) -> None:
        """Return if the schema is at *revision* or later: revisions are numbers, and each expands the one before.

        Raises:  NotReady: it is earlier, or there is none.  DatabaseUnavailable: not reachable.
        """
        found = self.revision()
        if found is None or found < revision:
            raise NotReady(f"the schema is at revision {found or 'none'}, this code needs {revision}")

    def close(self) -> None:
        """Give all connections back."""
        self._engine.dispose()

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

    @contextmanager
    def _transaction(self, *, writing: bool) -> Iterator[Connection]:
        self.guard()
        try:
            with self._connected() as connection:
                options = connection.execution_options(**{_WRITING: writing})
                with options.begin():
                    yield options
        except (OperationalError, InterfaceError) as error:
            # The driver's words name hosts and statements: they stay in the cause, for the log.
            raise DatabaseUnavailable("the database did not answer in time") from error

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        began = time.perf_counter()
        try:
            connection = self._engine.connect()
        except PoolTimeout as error:
            if self._metrics is not None:
                self._metrics.timed_out()
            raise DatabaseUnavailable("no connection to the database became free in time") from error
        if self._metrics is not None:
            self._metrics.waited(time.perf_counter() - began)
        with connection:
            yield connection


def open_database(
    url: str, registry: CollectorRegistry | None = None, *, pool_size: int = 8, sqlite_synchronous: str = "FULL"
) -> Database:
    """The database at *url*: `sqlite:///FILE` or `postgresql+psycopg://…`. Connects on first use.

    Args:    registry: takes the metrics of statements and of the pool. pool_size: connections at most; as many as
             the server has threads, so that no request waits for one.
    """
    engine = _engine(url, pool_size, sqlite_synchronous)
    metrics = None if registry is None else DatabaseMetrics(registry, engine, pool_size)
    return Database(engine, metrics)


def _engine(url: str, pool_size: int, sqlite_synchronous: str) -> Engine:
    pool: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": POOL_TIMEOUT_SECONDS}
    if make_url(url).get_backend_name() == SQLITE:
        engine = create_engine(url, connect_args={"check_same_thread": False}, **pool)
        _use_sqlite(engine, sqlite_synchronous)
        return engine
    options = f"-c lock_timeout={LOCK_TIMEOUT_MS} -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    arguments = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "options": options}
    # Asked before use: a database that was restarted costs no request.
    return create_engine(
        url, connect_args=arguments, isolation_level="READ COMMITTED", pool_pre_ping=True, pool_recycle=1800, **pool
    )


def _use_sqlite(engine: Engine, synchronous: str) -> None:
    """Take transactions out of the driver's hands: it would begin them late, and never IMMEDIATE."""

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        del record
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={SQLITE_BUSY_MS}",
            "journal_mode=WAL",
            "foreign_keys=ON",
            f"synchronous={synchronous}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get(_WRITING, True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _pass() -> None:
    """Nothing stands in the way."""
