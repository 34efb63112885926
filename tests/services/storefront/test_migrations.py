"""The migrations make the tables that the code uses."""

from sqlalchemy import inspect

from services.shared import migrate
from services.shared.database import open_database
from services.storefront.adapters.tables import METADATA


def test_the_migrations_make_the_tables(database_url: str) -> None:
    """Names, columns, types of text, indices: on both databases; a second run changes nothing."""
    database = open_database(database_url)
    for _ in range(2):
        migrate.upgrade(database, "storefront")
    with database.reading() as connection:
        found = inspect(connection)
        for table in METADATA.sorted_tables:
            columns = {each["name"]: (each["nullable"]) for each in found.get_columns(table.name)}
            assert columns == {column.name: bool(column.nullable) for column in table.columns}
            indices = {each["name"] for each in found.get_indexes(table.name)}
            assert indices == {index.name for index in table.indexes}
    database.close()
