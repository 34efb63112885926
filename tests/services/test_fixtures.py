"""The fixtures of conftest.py: every test has a database of its own, and real servers behind it."""

import psycopg
import redis
import sqlalchemy as sa

from local.postgres import for_libpq

_forgotten = []


def _shops(database_url: str) -> list[str]:
    """Makes a table and fills it; what was there before is returned."""
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        before = sa.inspect(connection).get_table_names()
        connection.execute(sa.text("CREATE TABLE shops (name TEXT)"))
        connection.execute(sa.text("INSERT INTO shops VALUES ('ours')"))
    engine.dispose()
    return before


def test_a_database_is_empty(database_url: str) -> None:
    """Whatever an earlier test made is not in it."""
    assert _shops(database_url) == []


def test_the_next_database_is_empty_too(database_url: str) -> None:
    """The same again, after another test has filled its own."""
    assert _shops(database_url) == []


def test_a_database_is_what_it_is_called(database_url: str) -> None:
    """The one called sqlite is SQLite, the one called postgresql PostgreSQL through psycopg."""
    scheme = database_url.partition(":")[0]
    assert scheme in {"sqlite", "postgresql+psycopg"}
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        query = "sqlite_version()" if scheme == "sqlite" else "version()"
        assert str(connection.execute(sa.text(f"SELECT {query}")).scalar()).startswith(("3.", "PostgreSQL "))
    engine.dispose()


def test_a_forgotten_connection_does_not_keep_a_database(postgres_url: str) -> None:
    """It is dropped all the same; a test need not tidy up."""
    _forgotten.append(psycopg.connect(for_libpq(postgres_url)))


def test_a_redis_is_empty(redis_url: str) -> None:
    """Whatever an earlier test wrote is gone."""
    with redis.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0
        client.set("left", "behind")


def test_the_next_redis_is_empty_too(redis_url: str) -> None:
    """The same again."""
    test_a_redis_is_empty(redis_url)
