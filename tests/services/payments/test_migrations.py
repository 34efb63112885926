"""services/payments/migrations: the schema, on both databases, and what the release before makes of it."""

from typing import Any

import pytest
from sqlalchemy import Connection, MetaData, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.payments.adapters.store import SqlStore
from services.payments.adapters.tables import METADATA
from services.shared import migrate
from services.shared.database import Database, open_database

AT = {"created_at_ms": 1, "updated_at_ms": 1}
AUTHORISED = AT | {
    "reference": "ord_1",
    "state": "AUTHORISED",
    "amount_minor_units": 100,
    "currency": "EUR",
    "authorised_minor_units": 100,
    "captured_minor_units": 0,
    "refunded_minor_units": 0,
    "version": 1,
}
CAPTURED = AUTHORISED | {"state": "CAPTURED", "captured_minor_units": 100}
ENTRY = {
    "reference": "ord_1",
    "kind": "AUTHORISE",
    "operation_id": "o",
    "minor_units": 100,
    "currency": "EUR",
    "at_ms": 1,
}


def shape(connection: Connection) -> dict[str, Any]:
    """All that a database says of its tables."""
    seen = inspect(connection)
    return {
        name: {
            "columns": [
                (column["name"], str(column["type"]), column["nullable"], column["default"])
                for column in seen.get_columns(name)
            ],
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign": [(f["constrained_columns"], f["referred_table"]) for f in seen.get_foreign_keys(name)],
            "checks": sorted((str(c["name"]), c["sqltext"]) for c in seen.get_check_constraints(name)),
            "unique": sorted(str(u["column_names"]) for u in seen.get_unique_constraints(name)),
            "indexes": sorted(
                (str(i["name"]), str(i["column_names"]), bool(i["unique"]), where(i)) for i in seen.get_indexes(name)
            ),
        }
        for name in seen.get_table_names()
        if name != "alembic_version"
    }


def where(index: Any) -> str:
    """The condition of a partial index."""
    options = index.get("dialect_options", {})
    return str(next((value for name, value in options.items() if name.endswith("_where")), ""))


def test_the_migrations_make_the_tables_that_the_code_knows(database: Database) -> None:
    """Columns, keys, checks and indexes are those of adapters/tables.py."""
    with database.writing() as connection:
        migrated = shape(connection)
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        made = shape(connection)
    assert set(migrated) == {"payments", "ledger_entries", "idempotency", "outbox", "job_figures"}
    assert migrated == made


@pytest.mark.parametrize(
    ("row", "change"),
    [
        pytest.param(AUTHORISED, {"state": "PAID"}, id="an unknown state"),
        pytest.param(AUTHORISED, {"authorised_minor_units": 101}, id="more authorised than asked for"),
        pytest.param(AUTHORISED, {"authorised_minor_units": 0}, id="authorised without money"),
        pytest.param(AUTHORISED, {"captured_minor_units": 100}, id="captured without being so"),
        pytest.param(CAPTURED, {"captured_minor_units": 101}, id="more captured than authorised"),
        pytest.param(CAPTURED, {"refunded_minor_units": 101}, id="more refunded than captured"),
        pytest.param(CAPTURED, {"refunded_minor_units": -1}, id="refunded below nothing"),
        pytest.param(AUTHORISED, {"state": "DECLINED", "authorised_minor_units": 0}, id="declined for no reason"),
        pytest.param(AUTHORISED, {"state": "DECLINED", "decline_code": "x"}, id="declined and held"),
    ],
)
def test_the_database_refuses_impossible_payments(
    shared_database: Database, reference: str, row: dict, change: dict
) -> None:
    """Whatever code asks for it; without the change it takes the row."""
    payments, row = METADATA.tables["payments"], row | {"reference": reference}
    with pytest.raises(IntegrityError), shared_database.writing() as connection:
        connection.execute(insert(payments).values(**row | change))
    with shared_database.writing() as connection:
        connection.execute(insert(payments).values(**row))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({}, id="the same operation again"),
        pytest.param({"operation_id": "another"}, id="a second authorisation"),
        pytest.param({"kind": "GIFT", "operation_id": "g"}, id="an unknown kind"),
        pytest.param({"kind": "CAPTURE", "minor_units": 0}, id="a capture of nothing"),
        pytest.param({"kind": "CAPTURE", "minor_units": -1}, id="less than nothing"),
        pytest.param({"kind": "CAPTURE", "reference": "ord_none"}, id="of no payment"),
    ],
)
def test_the_ledger_refuses_impossible_entries(shared_database: Database, reference: str, change: dict) -> None:
    """Each thing happens once to a reference; refunds are told apart by their operation."""
    ledger, entry = METADATA.tables["ledger_entries"], ENTRY | {"reference": reference}
    with shared_database.writing() as connection:
        connection.execute(insert(METADATA.tables["payments"]).values(**AUTHORISED | {"reference": reference}))
        connection.execute(insert(ledger).values(**entry))
    with pytest.raises(IntegrityError), shared_database.writing() as connection:
        connection.execute(insert(ledger).values(**entry | change))
    with shared_database.writing() as connection:
        for operation in ("r1", "r2"):
            connection.execute(insert(ledger).values(**entry | {"kind": "REFUND", "operation_id": operation}))


@pytest.mark.parametrize("statement", ["UPDATE ledger_entries SET minor_units = 1", "DELETE FROM ledger_entries"])
def test_the_ledger_is_append_only(shared_database: Database, reference: str, statement: str) -> None:
    """The database refuses to change or to remove an entry."""
    with shared_database.writing() as connection:
        connection.execute(insert(METADATA.tables["payments"]).values(**AUTHORISED | {"reference": reference}))
        connection.execute(insert(METADATA.tables["ledger_entries"]).values(**ENTRY | {"reference": reference}))
    with pytest.raises(DBAPIError, match="append-only"), shared_database.writing() as connection:
        connection.execute(text(statement))


def test_the_release_before_works_on_the_new_schema(database_url: str) -> None:
    """Through the tables as they were at 0001 a payment is written, changed and read at 0002; the new code reads it."""
    database = open_database(database_url)
    migrate.upgrade(database, "payments", "0001")
    with database.writing() as connection:
        before = MetaData()
        before.reflect(connection)
        connection.execute(insert(before.tables["payments"]).values(**AUTHORISED | {"reference": "ord_0"}))
    assert "payment_method" not in before.tables["payments"].c
    migrate.upgrade(database, "payments")
    old = before.tables["payments"]
    with database.writing() as connection:
        connection.execute(insert(old).values(**AUTHORISED))
        connection.execute(insert(before.tables["ledger_entries"]).values(**ENTRY))
        changed = update(old).where(old.c.reference == "ord_1", old.c.state == "AUTHORISED")
        connection.execute(changed.values(state="CAPTURED", captured_minor_units=100, version=2))
        assert connection.execute(select(old.c.state).where(old.c.reference == "ord_1")).scalar_one() == "CAPTURED"
    with SqlStore(database).reading() as tx:
        found = tx.payments.page(state=None, after=None, limit=10)
    assert [(p.reference, p.state, p.method) for p in found] == [
        ("ord_0", "AUTHORISED", None),
        ("ord_1", "CAPTURED", None),
    ]
    database.close()
