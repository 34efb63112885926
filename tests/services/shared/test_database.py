"""services/shared/database.py, on both databases."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, text

from services.shared.database import Database, open_database
from services.shared.errors import DatabaseUnavailable, NotReady


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database that holds 100 units of A."""
    found = open_database(database_url, pool_size=16)
    with found.writing() as connection:
        connection.execute(text("CREATE TABLE stock (sku VARCHAR(8) PRIMARY KEY, units INTEGER NOT NULL)"))
        connection.execute(text("INSERT INTO stock VALUES ('A', 100)"))
    yield found
    found.close()


def units(database: Database) -> int:
    """What a new reader sees."""
    with database.reading() as connection:
        return int(connection.execute(text("SELECT units FROM stock")).scalar_one())


def fail_after(database: Database, work: Callable[[Connection], object]) -> None:
    """Do *work* in a transaction that then fails."""
    with database.writing() as connection:
        work(connection)
        raise ZeroDivisionError


def test_a_transaction_is_committed_at_its_end(database: Database) -> None:
    """What was written is there for the next reader."""
    with database.writing() as connection:
        connection.execute(text("UPDATE stock SET units = 7"))
    assert units(database) == 7


def test_an_error_rolls_everything_back(database: Database) -> None:
    """An exception of any kind leaves the data as they were, and comes out as it is."""
    with pytest.raises(ZeroDivisionError):
        fail_after(database, lambda connection: connection.execute(text("UPDATE stock SET units = 7")))
    assert units(database) == 100


def test_writers_wait_for_one_another(database: Database) -> None:
    """40 threads that read and write in one transaction fail none: nobody is told "locked"."""
    errors: list[Exception] = []

    def buy() -> None:
        try:
            for _ in range(5):
                with database.writing() as connection:
                    connection.execute(text("UPDATE stock SET units = units - 1 WHERE units > 0"))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=buy) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert units(database) == 0


def test_a_reader_is_not_held_up_by_a_writer(database: Database) -> None:
    """While a transaction writes, others read what was committed before it."""
    with database.writing() as connection:
        connection.execute(text("UPDATE stock SET units = 7"))
        assert units(database) == 100


def test_waiting_for_a_lock_ends(database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that somebody holds for too long is DatabaseUnavailable, not a request that hangs."""
    monkeypatch.setattr("services.shared.database.SQLITE_BUSY_MS", 100)
    monkeypatch.setattr("services.shared.database.LOCK_TIMEOUT_MS", 100)
    impatient = open_database(database_url)
    with database.writing() as holder:
        holder.execute(text("UPDATE stock SET units = 7"))
        with pytest.raises(DatabaseUnavailable), impatient.writing() as connection:
            connection.execute(text("UPDATE stock SET units = 8"))
    impatient.close()
    assert units(database) == 7


def test_no_server_is_one_clear_error() -> None:
    """A refused connection is DatabaseUnavailable whose text names neither host nor password."""
    database = open_database("postgresql+psycopg://shop:secret@127.0.0.1:1/shop")
    with pytest.raises(DatabaseUnavailable) as raised, database.reading():
        pass
    assert "secret" not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)


def test_a_guard_stands_before_each_transaction(database: Database) -> None:
    """What the guard raises keeps a transaction from beginning: fault injection's way in."""

    def down() -> None:
        raise DatabaseUnavailable("injected")

    database.guard = down
    with pytest.raises(DatabaseUnavailable, match="injected"), database.reading():
        pass


def test_an_unmigrated_schema_is_not_ready(database: Database) -> None:
    """Without a revision the check names both."""
    with pytest.raises(NotReady, match="at revision none, this code needs 0002"):
        database.check("0002")


@pytest.mark.parametrize(
    ("there", "ready"),
    [
        pytest.param("0001", False, id="an earlier one lacks what the code reads"),
        pytest.param("0002", True, id="its own"),
        pytest.param("0003", True, id="a later one has only expanded it"),
    ],
)
def test_a_schema_is_ready_from_its_revision_on(database: Database, there: str, ready: bool) -> None:
    """A rollout migrates first, and the release before goes on on the new schema."""
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        connection.execute(text(f"INSERT INTO alembic_version VALUES ('{there}')"))
    if ready:
        database.check("0002")
    else:
        with pytest.raises(NotReady):
            database.check("0002")


def test_statements_and_connections_are_measured(database_url: str) -> None:
    """Durations by kind of statement, and the pool's size and use, are in the registry."""
    registry = CollectorRegistry()
    database = open_database(database_url, registry, pool_size=3)
    with database.reading() as connection:
        connection.execute(text("SELECT 1"))
        used = registry.get_sample_value("db_client_connection_count", {"state": "used"})
    count = registry.get_sample_value("db_client_operation_duration_seconds_count", {"operation": "SELECT"})
    assert (used, count) == (1.0, 1.0)
    assert registry.get_sample_value("db_client_connection_max") == 3.0
    assert registry.get_sample_value("db_client_connection_wait_time_seconds_count") == 1.0
    database.close()


def test_the_pause_of_a_fault_is_a_statements_own_time(database_url: str) -> None:
    """It shows in the durations as a slow database does; each statement has one, and a mended one has none."""
    registry = CollectorRegistry()
    database = open_database(database_url, registry, pool_size=1)
    paused = []

    def pause() -> None:
        paused.append(1)
        time.sleep(0.05)

    def seconds() -> float:
        return registry.get_sample_value("db_client_operation_duration_seconds_sum", {"operation": "SELECT"}) or 0.0

    database.pause = pause
    with database.reading() as connection:
        before, many = seconds(), len(paused)
        connection.execute(text("SELECT 1"))
        connection.execute(text("SELECT 1"))
        assert len(paused) == many + 2
        assert seconds() - before >= 0.1
    database.pause = lambda: None
    with database.reading() as connection:
        before = seconds()
        connection.execute(text("SELECT 1"))
    assert seconds() - before < 0.05
    database.close()


def test_a_full_pool_is_counted_and_ends(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """More transactions at once than connections: the one too many is told, and counted."""
    monkeypatch.setattr("services.shared.database.POOL_TIMEOUT_SECONDS", 0.05)
    registry = CollectorRegistry()
    database = open_database(database_url, registry, pool_size=1)
    with database.reading(), pytest.raises(DatabaseUnavailable, match="became free"), database.reading():
        pass
    assert registry.get_sample_value("db_client_connection_timeouts_total") == 1.0
    database.close()
