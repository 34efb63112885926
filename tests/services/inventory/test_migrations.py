"""The inventory's migrations: they make the tables that the code uses, and each lets the release before go on."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.inventory.adapters.tables import METADATA
from services.shared import migrate
from services.shared.database import Database, open_database
from tests.services.inventory.shelves import NOW, Shelves


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database that was never migrated."""
    found = open_database(database_url)
    yield found
    found.close()


def differences(database: Database) -> list:
    """What the schema would have to change to be what the code's tables say."""
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        return compare_metadata(context, METADATA)


def test_the_migrations_make_the_tables_that_the_code_uses(empty: Database) -> None:
    """Columns, types, indexes and constraints, on both databases."""
    migrate.upgrade(empty, "inventory")
    assert differences(empty) == []


def test_a_schema_that_differs_is_noticed(empty: Database) -> None:
    """The comparison above can fail: the schema of the release before lacks what this one has."""
    migrate.upgrade(empty, "inventory", "0001")
    assert {change[0] for change in differences(empty)} == {"add_column", "add_table"}


def test_the_release_before_works_on_the_new_schema(empty: Database) -> None:
    """Expand, then contract: code that knows the tables of 0001 alone holds, sells and receives on 0002."""
    migrate.upgrade(empty, "inventory", "0001")
    before = sa.MetaData()
    with empty.reading() as connection:
        before.reflect(connection)
    assert "actor" not in before.tables["stock_movement"].columns
    receive_as_0001(empty, before, "A-1")
    migrate.upgrade(empty, "inventory", "0002")
    receive_as_0001(empty, before, "B-1")
    sell_as_0001(empty, before, "B-1")
    shelves = Shelves(empty)
    assert [shelves.levels(sku) for sku in ("A-1", "B-1")] == [(10, 0), (7, 0)]
    shelves.reserve("r2", {"A-1": 1, "B-1": 1})
    shelves.commit("r2")
    assert shelves.take_back("r1").state == "RETURNED"
    assert shelves.audit().findings == ()
    with empty.reading() as connection:
        assert len(connection.execute(sa.select(before.tables["stock_movement"])).all()) == 6


def receive_as_0001(database: Database, tables: sa.MetaData, sku: str) -> None:
    """What the release before does with a delivery."""
    row = {"sku": sku, "on_hand": 10, "reserved": 0, "version": 1, "updated_at_ms": NOW}
    movement = {"ref": f"m-{sku}", "sku": sku, "kind": "receive", "quantity": 10, "reason": "", "created_at_ms": NOW}
    with database.writing() as connection:
        connection.execute(sa.insert(tables.tables["stock"]).values(**row))
        connection.execute(sa.insert(tables.tables["stock_movement"]).values(**movement))


def sell_as_0001(database: Database, tables: sa.MetaData, sku: str) -> None:
    """What the release before does to hold three units, and to sell them."""
    stock, reservation = tables.tables["stock"], tables.tables["reservation"]
    times = {"expires_at_ms": NOW, "created_at_ms": NOW, "updated_at_ms": NOW}
    movement = {"ref": "r1", "sku": sku, "kind": "sell", "quantity": -3, "reason": "", "created_at_ms": NOW}
    with database.writing() as connection:
        connection.execute(sa.insert(reservation).values(ref="r1", state="HELD", **times))
        connection.execute(sa.update(stock).where(stock.c.sku == sku).values(reserved=stock.c.reserved + 3))
        connection.execute(sa.insert(tables.tables["reservation_line"]).values(ref="r1", sku=sku, quantity=3))
        connection.execute(sa.update(reservation).values(state="COMMITTED"))
        sold = {"on_hand": stock.c.on_hand - 3, "reserved": stock.c.reserved - 3}
        connection.execute(sa.update(stock).where(stock.c.sku == sku).values(**sold))
        connection.execute(sa.insert(tables.tables["stock_movement"]).values(**movement))


def test_upgrading_twice_changes_nothing(shelves: Shelves) -> None:
    """A job that runs again finds its work done."""
    shelves.stock(A_1=10)
    migrate.upgrade(shelves.database, "inventory")
    assert shelves.levels("A-1") == (10, 0)
