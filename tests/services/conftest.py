"""The real PostgreSQL and Redis, started once for the whole run by whichever test asks first."""

import contextlib
import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg import sql

from local.postgres import for_libpq, running_postgres
from local.redis_server import running_redis
from local.shop import SERVICES

PREFIX = "tillwatch-postgres-"
FORGOTTEN_SECONDS = 3600
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a real PostgreSQL's superuser, in SQLAlchemy's form."""
    _remove_forgotten()
    # Not in pytest's own folder: that is closed to the user as whom PostgreSQL runs for root.
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        with running_postgres(folder, durable=False) as address:
            yield address
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _new_database(postgres_server: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    with psycopg.connect(for_libpq(postgres_server), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        yield f"{postgres_server.rpartition('/')[0]}/{name}"
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Address of a database of this test's own, empty, in SQLAlchemy's form."""
    with _new_database(postgres_server) as address:
        yield address


@pytest.fixture
def shop_databases(postgres_server: str) -> Iterator[dict[str, str]]:
    """A database of its own for each service, empty, by the service's name."""
    with contextlib.ExitStack() as stack:
        yield {service: stack.enter_context(_new_database(postgres_server)) for service in SERVICES}


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of an empty database of this test's own: once an SQLite file, once on a real PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    address: str = request.getfixturevalue("postgres_url")
    return address


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Redis."""
    with running_redis(tmp_path_factory.mktemp("redis")) as address:
        yield address


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """Address of the real Redis, empty."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
    return f"{redis_server}/0"


def _remove_forgotten() -> None:
    """A run that was killed leaves its folder; nobody else would remove it."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        # Another user's is closed, and another run may be removing it too.
        with contextlib.suppress(OSError):
            old = time.time() - folder.stat().st_mtime > FORGOTTEN_SECONDS
            if old and not (folder / "data/postmaster.pid").exists():
                shutil.rmtree(folder)
