"""INSERT … ON CONFLICT for whichever database a connection leads to."""

from typing import cast

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

from services.shared.database import POSTGRESQL


def insert_into(connection: Connection, table: Table) -> sqlite.Insert:
    """An insert with `on_conflict_do_nothing` and `on_conflict_do_update`.

    Whether a row went in is told by RETURNING: the drivers' row counts differ. Both dialects' classes have one shape.
    """
    if connection.dialect.name == POSTGRESQL:
        return cast(sqlite.Insert, postgresql.insert(table))
    return sqlite.insert(table)
