"""services/orders/migrations: the schema, on both databases, and what the release before makes of it."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, insert, inspect, select, update
from sqlalchemy.exc import IntegrityError

from services.orders.adapters.order_rows import row_of
from services.orders.adapters.orders_sql import SqlOrders
from services.orders.adapters.tables import METADATA, REVISION
from services.orders.domain.order import State
from services.shared import migrate
from services.shared.database import open_database
from tests.services.orders.test_order import order


def shape(connection: Connection) -> dict[str, Any]:
    """All that a database says of its tables."""
    seen = inspect(connection)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in sorted(seen.get_columns(name), key=lambda column: column["name"])
            ],
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign": [(f["constrained_columns"], f["referred_table"]) for f in seen.get_foreign_keys(name)],
            "checks": sorted((str(c["name"]), c["sqltext"]) for c in seen.get_check_constraints(name)),
            "unique": sorted(str(u["column_names"]) for u in seen.get_unique_constraints(name)),
            "indexes": sorted(
                (str(i["name"]), str(i["column_names"]), bool(i["unique"]), _where(i)) for i in seen.get_indexes(name)
            ),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def _where(index: Any) -> str:
    options = index.get("dialect_options", {})
    return str(next((value for name, value in options.items() if name.endswith("_where")), ""))


def test_the_migrations_make_the_tables_that_the_code_knows(database_url: str) -> None:
    """Columns, keys, checks and indexes are those of adapters/tables.py."""
    database = open_database(database_url)
    migrate.upgrade(database, "orders")
    with database.writing() as connection:
        migrated = shape(connection)
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        made = shape(connection)
    assert migrate.head("orders") == REVISION
    assert set(migrated) == {
        "carts",
        "cart_lines",
        "orders",
        "order_history",
        "idempotency",
        "outbox",
        "inbox",
        "job_figures",
    }
    assert migrated == made
    database.close()


def test_the_release_before_works_on_the_new_schema(database_url: str) -> None:
    """Through the tables as they were at 0002 an order is placed, changed and read at 0003; the new code reads it."""
    database = open_database(database_url)
    migrate.upgrade(database, "orders", "0002")
    with database.writing() as connection:
        before = MetaData()
        before.reflect(connection)
    old = before.tables["orders"]
    assert "restock" not in old.c
    migrate.upgrade(database, "orders")
    placed = order()
    row = {name: value for name, value in row_of(placed).items() if name in old.c}
    with database.writing() as connection:
        connection.execute(insert(old).values(row))
        changed = update(old).where(old.c.order_id == placed.order_id, old.c.state == "PENDING", old.c.version == 1)
        assert connection.execute(changed.values(state="CANCELLED", version=2)).rowcount == 1
        assert connection.execute(select(old.c.state)).scalar_one() == "CANCELLED"
    found = SqlOrders(database).load(placed.order_id)
    assert (found.state, found.version, found.restock) == (State.CANCELLED, 2, True)
    database.close()


@pytest.mark.parametrize("wrong", [{"version": 0}, {"total_minor_units": 0}], ids=str)
def test_the_database_refuses_impossible_orders(database_url: str, wrong: dict) -> None:
    """Whatever code asks for it."""
    database = open_database(database_url)
    migrate.upgrade(database, "orders")
    row = row_of(order()) | {"cart_id": f"cart_{uuid.uuid4().hex}"}
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(insert(METADATA.tables["orders"]).values(row | wrong))
    database.close()
