"""services/orders/adapters/carts_sql.py, on both databases: what only SQL has."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import MetaData, func, inspect, select, text
from sqlalchemy.exc import IntegrityError

from services.orders.adapters.carts_sql import SqlCarts, cart_tables, purge
from services.orders.domain.cart import LIFETIME_MS, Cart, CartLine, mark_ordered, new_cart
from services.orders.domain.cart_errors import CartNotFound
from services.orders.domain.money import Money
from services.shared import migrate
from services.shared.database import Database, open_database
from services.shared.errors import DatabaseUnavailable, NotReady

NOW_MS = 1_800_000_000_000
LINE = CartLine(sku="PAN-1", quantity=2, unit_price=Money(minor_units=250, currency="EUR"), name="Pan")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The service's database with the carts' revision."""
    found = open_database(database_url)
    migrate.upgrade(found, "orders")
    yield found
    found.close()


def carts_at(database: Database, now_ms: int) -> SqlCarts:
    """The carts as they are at *now_ms*."""
    return SqlCarts(database, now=lambda: now_ms / 1000)


def kept(database: Database, updated_at_ms: int, **changed: object) -> Cart:
    """A cart with one line, last changed then."""
    cart = replace(new_cart(owner="u-1", now_ms=updated_at_ms), lines=(LINE,), **changed)
    carts_at(database, updated_at_ms).create(cart)
    return cart


def count(database: Database, table: str) -> int:
    """Rows in *table*."""
    with database.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(text(table))).scalar_one())


def test_the_migration_makes_the_tables_that_the_code_uses(database: Database) -> None:
    """Column by column: name, type, NULL, primary key; the indexes and foreign keys; and the checks by name."""
    metadata, found = MetaData(), MetaData()
    cart_tables(metadata)
    with database.reading() as connection:
        found.reflect(connection, only=list(metadata.tables))
        for name, table in metadata.tables.items():
            there = found.tables[name]
            assert [(c.name, c.nullable, c.primary_key) for c in there.columns] == [
                (c.name, c.nullable, c.primary_key) for c in table.columns
            ]
            types = [str(c.type.compile(connection.dialect)) for c in table.columns]
            assert [str(c.type.compile(connection.dialect)) for c in there.columns] == types
            assert {i.name: [c.name for c in i.columns] for i in there.indexes} == {
                i.name: [c.name for c in i.columns] for i in table.indexes
            }
            assert {(k.target_fullname, k.ondelete) for k in there.foreign_keys} == {
                (k.target_fullname, k.ondelete) for k in table.foreign_keys
            }
    with database.reading() as connection:
        checks = {each["name"] for each in inspect_checks(connection)}
    assert checks == {"carts_version", "cart_lines_quantity", "cart_lines_unit_price"}


def inspect_checks(connection) -> list:
    """The checks of both tables."""
    inspector = inspect(connection)
    return [*inspector.get_check_constraints("carts"), *inspector.get_check_constraints("cart_lines")]


def test_expired_carts_are_purged_with_their_lines(database: Database) -> None:
    """Ordered ones too: an order has lines of its own. Those that still last are left."""
    lasting = kept(database, NOW_MS - LIFETIME_MS + 1)
    kept(database, NOW_MS - LIFETIME_MS)
    old = kept(database, NOW_MS - 2 * LIFETIME_MS)
    ordered = mark_ordered(old, now_ms=old.updated_at_ms)
    carts_at(database, old.updated_at_ms).save(ordered, old.version)
    with database.writing() as connection:
        assert purge(connection, now_ms=NOW_MS) == 2
    assert (count(database, "carts"), count(database, "cart_lines")) == (1, 1)
    assert carts_at(database, NOW_MS).get(lasting.cart_id) == lasting


def test_a_purge_is_bounded_and_takes_the_oldest_first(database: Database) -> None:
    """What is left is taken by the next."""
    newer, oldest = (kept(database, NOW_MS - LIFETIME_MS - age) for age in (1, 2))
    then = carts_at(database, NOW_MS - LIFETIME_MS)
    with database.writing() as connection:
        assert purge(connection, now_ms=NOW_MS, most=1) == 1
    assert then.get(newer.cart_id) == newer
    with pytest.raises(CartNotFound):
        then.get(oldest.cart_id)
    with database.writing() as connection:
        assert (purge(connection, now_ms=NOW_MS), purge(connection, now_ms=NOW_MS)) == (1, 0)


def test_a_purge_of_nothing_is_nothing(database: Database) -> None:
    """An empty table, a young cart."""
    kept(database, NOW_MS)
    with database.writing() as connection:
        assert purge(connection, now_ms=NOW_MS) == 0


REFUSED = (
    "UPDATE cart_lines SET quantity = 0",
    "UPDATE cart_lines SET quantity = 100",
    "UPDATE cart_lines SET unit_price_minor_units = 0",
    "UPDATE carts SET version = 0",
    "UPDATE cart_lines SET cart_id = 'cart_that_is_not'",
)


def test_the_database_refuses_what_the_domain_would(database: Database) -> None:
    """A backstop against whoever writes past the code."""
    cart = kept(database, NOW_MS)
    for statement in REFUSED:
        with pytest.raises(IntegrityError), database.writing() as connection:
            connection.execute(text(statement))
    assert carts_at(database, NOW_MS).get(cart.cart_id) == cart


def test_a_schema_without_carts_is_not_ready(database_url: str) -> None:
    """The check says so before a request does."""
    database = open_database(database_url)
    with pytest.raises(NotReady):
        SqlCarts(database).check()
    database.close()


def test_a_database_that_is_down_is_unavailable() -> None:
    """Not an error of the request: callers answer 503."""
    database = open_database("postgresql+psycopg://nobody@127.0.0.1:1/none")
    carts = carts_at(database, NOW_MS)
    cart = new_cart(owner="u-1", now_ms=NOW_MS)
    for act in (
        lambda: carts.get(cart.cart_id),
        lambda: carts.create(cart),
        lambda: carts.save(cart, 1),
        lambda: carts.delete(cart.cart_id, 1),
        carts.check,
    ):
        with pytest.raises(DatabaseUnavailable):
            act()
    database.close()
