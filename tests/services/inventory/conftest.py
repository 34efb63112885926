"""An inventory on each database, with the schema that this release needs, and a client of it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from local.postgres import for_libpq
from services.inventory.adapters.tables import METADATA
from services.inventory.app import create_app
from services.shared import migrate
from services.shared.config import Config
from services.shared.database import Database, open_database
from services.shared.issuer import Issuer
from tests.services.inventory.shelves import NOW, Shelves

FAULT_TOKEN = "fault-token-of-the-tests"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with the schema and nothing in it, to be copied."""
    path = tmp_path_factory.mktemp("migrated") / "inventory.db"
    found = open_database(f"sqlite:///{path}")
    migrate.upgrade(found, "inventory")
    # Whole in one file: the log beside it is not copied.
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found.close()
    return path


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[Database]:
    """A database of PostgreSQL's with the schema; every test finds it empty."""
    with psycopg.connect(for_libpq(postgres_server), autocommit=True) as admin:
        admin.execute("CREATE DATABASE inventory TEMPLATE template0")
    found = open_database(f"{postgres_server.rpartition('/')[0]}/inventory", pool_size=40)
    migrate.upgrade(found, "inventory")
    yield found
    found.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated database without stock; as many connections as tests have threads."""
    if request.param == "postgresql":
        found: Database = request.getfixturevalue("migrated_postgres")
        with found.writing() as connection:
            connection.execute(text(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY"))
        yield found
        return
    found = _copy_of(migrated_file, tmp_path)
    yield found
    found.close()


def _copy_of(migrated_file: Path, folder: Path) -> Database:
    return open_database(f"sqlite:///{shutil.copy(migrated_file, folder / 'test.db')}", pool_size=40)


@pytest.fixture
def shelves(database: Database) -> Shelves:
    """That database, in a test's words."""
    return Shelves(database)


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Whose tokens the inventories of the tests trust."""
    return Issuer.create(tmp_path_factory.mktemp("keys"))


@dataclass
class Counter:
    """An inventory's API over *shelves*: a test asks as somebody, and reads the metrics."""

    client: FlaskClient
    issuer: Issuer
    shelves: Shelves
    registry: CollectorRegistry
    clock: list[float] = field(default_factory=lambda: [NOW / 1000])

    def ask(self, method: str, path: str, role: str | None = "service", **more: Any) -> Any:
        """One request to `/api/v1` as a *role*; None: without a token."""
        subject = "service:orders" if role == "service" else f"{role}-1"
        headers = {} if role is None else self.issuer.bearer(subject, [role], "inventory")
        return self.client.open(f"/api/v1{path}", method=method, headers=headers | more.pop("headers", {}), **more)

    def reserve(self, ref: str, units: dict[str, int], **more: Any) -> Any:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in units.items()]
        return self.ask("POST", "/reservations", json={"ref": ref, "lines": lines} | more)

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of the registry; None where there is no such series."""
        return self.registry.get_sample_value(name, labels)


def counter(shelves: Shelves, issuer: Issuer) -> Counter:
    """An application over *shelves* whose time is a test's."""
    registry, clock = CollectorRegistry(), [NOW / 1000]
    app = create_app(
        database=shelves.database,
        registry=registry,
        config=Config(service="inventory", fault_token=FAULT_TOKEN),
        verifier=issuer.verifier("inventory"),
        now=lambda: clock[0],
    )
    return Counter(app.test_client(), issuer, shelves, registry, clock)


@pytest.fixture
def api(shelves: Shelves, issuer: Issuer) -> Counter:
    """The API on each database, with some stock."""
    shelves.stock(A_1=10, B_1=5)
    return counter(shelves, issuer)


@pytest.fixture
def small_api(migrated_file: Path, tmp_path: Path, issuer: Issuer) -> Iterator[Counter]:
    """The API on SQLite alone: for what no database has a part in."""
    found = _copy_of(migrated_file, tmp_path)
    shelves = Shelves(found)
    shelves.stock(A_1=10, B_1=5)
    yield counter(shelves, issuer)
    found.close()
