"""The migrations of users: they make the tables that the code uses, and each lets the release before go on."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.shared import migrate
from services.shared.database import Database, open_database
from services.users.adapters.sql import SqlStore
from services.users.adapters.tables import METADATA
from services.users.domain.sessions import Refresh
from services.users.domain.throttle import Limits


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without a schema, of either kind."""
    found = open_database(database_url)
    yield found
    found.close()


def test_the_migrations_make_the_tables_that_the_code_uses(empty: Database) -> None:
    """Columns, types, indexes and constraints, on both databases."""
    migrate.upgrade(empty, "users")
    with empty.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_the_release_before_works_on_the_new_schema(empty: Database) -> None:
    """Code that knows the tables of 0001 alone begins logins on 0002, which this release goes on with."""
    migrate.upgrade(empty, "users", "0001")
    with empty.reading() as connection:
        before = sa.MetaData()
        before.reflect(connection)
    log_in_as_0001(empty, before, 1)
    migrate.upgrade(empty, "users", "0002")
    log_in_as_0001(empty, before, 2)
    for number in (1, 2):
        with SqlStore(empty, Limits()).writing() as transaction:
            found = transaction.rotate(f"token-{number}", f"next-{number}", now_ms=1)
        assert (found.outcome, found.user_id) == (Refresh.ROTATED, f"u-{number}")


def log_in_as_0001(database: Database, before: sa.MetaData, number: int) -> None:
    """What the release before writes for an account and a login of it."""
    user, family = f"u-{number}", f"family-{number}"
    account = {"user_id": user, "email": user, "name": "Ada", "roles": "customer"}
    rows = {
        "users": {**account, "password_hash": "x", "created_at_ms": 0},
        "families": {"family": family, "user_id": user, "expires_at_ms": 1000},
        "refresh_tokens": {"token_sha256": f"token-{number}", "family": family, "expires_at_ms": 1000},
    }
    with database.writing() as connection:
        for name, row in rows.items():
            connection.execute(sa.insert(before.tables[name]).values(**row))
