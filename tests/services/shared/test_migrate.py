"""services/shared/migrate.py, on both databases, with a service that is made up."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.shared import migrate
from services.shared.database import Database, open_database

FIRST = '''"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table("cart", sa.Column("cart_id", sa.String(8), primary_key=True))
'''
SECOND = '''"""Carts have owners."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("cart", sa.Column("owner", sa.String(8)))
'''
BROKEN = '''"""Fails halfway."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table("half", sa.Column("half_id", sa.String(8), primary_key=True))
    op.execute("SELECT nothing FROM nowhere")
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of the service `shop`, with the first one in it."""
    services = tmp_path / "services"
    migrations = services / "shop" / "migrations"
    migrations.mkdir(parents=True)
    (services / "shared").symlink_to(Path(migrate.__file__).parent)
    monkeypatch.setattr(migrate, "_SERVICES", services)
    (migrations / "0001_first.py").write_text(FIRST, encoding="utf-8")
    return migrations


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database."""
    found = open_database(database_url)
    yield found
    found.close()


def test_an_empty_database_comes_to_the_latest_revision(folder: Path, database: Database) -> None:
    """All revisions run, in their order, and the head is the last."""
    (folder / "0002_owner.py").write_text(SECOND, encoding="utf-8")
    migrate.upgrade(database, "shop")
    assert database.revision() == migrate.head("shop") == "0002"
    with database.writing() as connection:
        connection.execute(text("INSERT INTO cart (cart_id, owner) VALUES ('c', 'o')"))


def test_a_migration_that_fails_leaves_the_schema_as_it_was(folder: Path, database: Database) -> None:
    """Half a migration would be neither release's schema: tables that it made are gone, the revision stays."""
    migrate.upgrade(database, "shop")
    (folder / "0002_broken.py").write_text(BROKEN, encoding="utf-8")
    with pytest.raises(Exception, match=r"nowhere|did not answer"):
        migrate.upgrade(database, "shop")
    assert database.revision() == "0001"
    with database.writing() as connection:
        connection.execute(text("CREATE TABLE half (half_id VARCHAR(8))"))


def test_many_processes_migrate_at_once(folder: Path, database_url: str) -> None:
    """A service, its worker and its jobs start together: each finds the schema ready, none fails."""
    errors: list[Exception] = []

    def start() -> None:
        database = open_database(database_url)
        try:
            migrate.upgrade(database, "shop")
        except Exception as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_an_embedded_database_migrates_itself(folder: Path, database: Database) -> None:
    """SQLite's is brought up at the start; PostgreSQL's waits for the job that does it once for all replicas."""
    migrate.prepare(database, "shop")
    assert database.revision() == ("0001" if database.dialect == "sqlite" else None)


def test_a_later_schema_is_left_alone(folder: Path, database: Database) -> None:
    """The release before starts on the schema of the one after: nothing is taken back."""
    (folder / "0002_owner.py").write_text(SECOND, encoding="utf-8")
    migrate.upgrade(database, "shop")
    (folder / "0002_owner.py").unlink()
    migrate.prepare(database, "shop")
    assert database.revision() == "0002"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param([], 2, "usage:", id="no service"),
        pytest.param(["nobody"], 2, "no service with migrations", id="an unknown service"),
        pytest.param(["shop"], 0, "shop: at revision 0001", id="a service"),
    ],
)
def test_the_command(
    arguments: list[str],
    code: int,
    said: str,
    folder: Path,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It says where the schema is, or what is wrong."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert migrate.main(arguments) == code
    printed = capsys.readouterr()
    assert said in printed.out + printed.err
