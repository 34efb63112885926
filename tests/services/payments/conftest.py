"""The gateway's database on SQLite and PostgreSQL, and payments to fill it with."""

import itertools
import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import make_url

from local.postgres import for_libpq
from services.payments.adapters.store import SqlStore
from services.shared import migrate
from services.shared.database import SQLITE, Database, open_database
from services.shared.issuer import Issuer
from tests.services.payments.clock import Clock
from tests.services.payments.running_gateway import Gateway

_numbers = itertools.count(1)


@pytest.fixture
def reference() -> str:
    """A reference that no other test has."""
    return f"ord_{next(_numbers):032x}"


@pytest.fixture
def clock() -> Clock:
    """Unix seconds that pass when the test says so."""
    return Clock()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database at the newest revision; tests get copies, which are made in no time."""
    path = tmp_path_factory.mktemp("migrated") / "payments.db"
    made = open_database(f"sqlite:///{path}")
    migrate.upgrade(made, "payments")
    made.close()
    return path


@pytest.fixture
def database(database_url: str, migrated_file: Path) -> Iterator[Database]:
    """The gateway's database at its newest revision, once on SQLite and once on PostgreSQL."""
    if (url := make_url(database_url)).get_backend_name() == SQLITE:
        shutil.copy(migrated_file, str(url.database))
    # What a crash of the machine would cost is not tested here.
    found = open_database(database_url, pool_size=16, sqlite_synchronous="OFF")
    if found.dialect != SQLITE:
        migrate.upgrade(found, "payments")
    yield found
    found.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, migrated_file: Path
) -> Iterator[Database]:
    """The same for all tests of a module that each keep to a reference of their own."""
    if request.param == SQLITE:
        path = shutil.copy(migrated_file, tmp_path_factory.mktemp("shared") / "payments.db")
        found = open_database(f"sqlite:///{path}", sqlite_synchronous="OFF")
        yield found
        found.close()
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"payments_{next(_numbers)}"
    with psycopg.connect(for_libpq(server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        found = open_database(f"{server.rpartition('/')[0]}/{name}")
        migrate.upgrade(found, "payments")
        yield found
        found.close()
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def store(database: Database) -> SqlStore:
    """Repositories over it."""
    return SqlStore(database)


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """The test issuer's keys."""
    return Issuer.create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def sqlite_database(tmp_path: Path, migrated_file: Path) -> Iterator[Database]:
    """The gateway's database, where one kind of it shows enough."""
    path = shutil.copy(migrated_file, tmp_path / "payments.db")
    found = open_database(f"sqlite:///{path}", sqlite_synchronous="OFF")
    yield found
    found.close()


@pytest.fixture
def gateway(sqlite_database: Database, issuer: Issuer, clock: Clock) -> Gateway:
    """A gateway over it."""
    return Gateway(sqlite_database, issuer, clock)
