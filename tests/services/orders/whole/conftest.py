"""The shop, each time anew, from databases whose schema was made once."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.shared import migrate
from services.shared.database import open_database
from tests.services.orders.whole.small_shop import SERVICES, SmallShop, small_shop


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each service's empty database."""
    folder = tmp_path_factory.mktemp("empty")
    for name in SERVICES:
        database = open_database(f"sqlite:///{folder / name}.db")
        migrate.upgrade(database, name)
        database.close()
    return folder


@pytest.fixture
def shop(empty: Path, tmp_path: Path) -> Iterator[SmallShop]:
    """The shop on SQLite."""
    shutil.copytree(empty, tmp_path / "data")
    with small_shop(lambda name: f"sqlite:///{tmp_path / 'data' / name}.db") as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, empty: Path, tmp_path: Path) -> Iterator[SmallShop]:
    """The shop, with orders once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("shop")
        return
    shutil.copytree(empty, tmp_path / "data")
    own = request.getfixturevalue("postgres_url")
    with small_shop(lambda name: own if name == "orders" else f"sqlite:///{tmp_path / 'data' / name}.db") as found:
        yield found
