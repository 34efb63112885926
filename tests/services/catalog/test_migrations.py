"""The catalog's migrations: they make the tables that the code uses, and each lets the release before go on."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.catalog.adapters.seed import load_categories, load_seed, plant
from services.catalog.adapters.sql import SqlProducts
from services.catalog.adapters.tables import METADATA
from services.catalog.domain.search import searchable
from services.shared import migrate
from services.shared.database import Database, open_database
from tests.services.catalog.conftest import a_product


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without a schema, of either kind."""
    found = open_database(database_url)
    yield found
    found.close()


def test_the_migrations_make_the_tables_that_the_code_uses(empty: Database) -> None:
    """Columns, types, indexes and constraints, on both databases."""
    migrate.upgrade(empty, "catalog")
    with empty.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, METADATA) == []


def test_a_schema_that_differs_is_noticed(empty: Database) -> None:
    """The comparison above can fail: a column too many, and one too short."""
    migrate.upgrade(empty, "catalog")
    with empty.writing() as connection:
        connection.execute(sa.text("ALTER TABLE products ADD COLUMN colour VARCHAR(8)"))
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert [change[0] for change in compare_metadata(context, METADATA)] == ["remove_column"]


def test_the_release_before_works_on_the_new_schema(empty: Database) -> None:
    """Expand, then contract: code that knows the tables of 0001 alone adds, changes and reads on 0002."""
    migrate.upgrade(empty, "catalog", "0001")
    with empty.reading() as connection:
        before = sa.MetaData()
        before.reflect(connection)
    plant_as_0001(empty, before, "KIT-1", "Pan")
    migrate.upgrade(empty, "catalog", "0002")
    plant_as_0001(empty, before, "KIT-2", "Pot")
    products = before.tables["products"]
    with empty.writing() as connection:
        connection.execute(sa.update(products).values(minor_units=5, version=2))
        rows = connection.execute(sa.select(products).order_by(products.c.sku)).all()
    assert [(row.sku, row.name, row.minor_units, row.version) for row in rows] == [
        ("KIT-1", "Pan", 5, 2),
        ("KIT-2", "Pot", 5, 2),
    ]
    store = SqlProducts(empty, "0002")
    found = [store.page(category=None, after=None, limit=9, words=(word,)) for word in ("pan", "pot")]
    assert [[each.sku for each in page] for page in found] == [["KIT-1"], ["KIT-2"]]


def plant_as_0001(database: Database, tables: sa.MetaData, sku: str, name: str) -> None:
    """What the release before does to add a product."""
    row = {"sku": sku, "name": name, "description": "", "category": "kitchen", "minor_units": 990, "currency": "EUR"}
    with database.writing() as connection:
        categories = tables.tables["categories"]
        if connection.execute(sa.select(categories)).first() is None:
            connection.execute(sa.insert(categories).values(slug="kitchen", name="Kitchen"))
        connection.execute(sa.insert(tables.tables["products"]).values(**row))


def test_products_of_before_are_found_as_new_ones_are(empty: Database) -> None:
    """0002 fills the text that is searched with what the code of this release would write."""
    migrate.upgrade(empty, "catalog", "0001")
    with empty.reading() as connection:
        before = sa.MetaData()
        before.reflect(connection)
    plant_as_0001(empty, before, "KIT-1", "Chef’s Café-Straße knife")
    migrate.upgrade(empty, "catalog")
    with empty.reading() as connection:
        (found,) = connection.execute(sa.text("SELECT search_text FROM products")).scalars()
    wanted = searchable(sku="KIT-1", name="Chef’s Café-Straße knife", description="", category="kitchen")
    assert found == wanted == "chefs cafe-strasse knife kitchen kit-1"


def test_a_price_of_nothing_is_refused_by_the_database_too(database: Database) -> None:
    """Whatever code comes to write one."""
    plant(database, [a_product()], {"kitchen": "Kitchen"})
    with pytest.raises(sa.exc.IntegrityError), database.writing() as connection:
        connection.execute(sa.text("UPDATE products SET minor_units = 0"))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    """A job that runs again finds its work done."""
    plant(database, load_seed(), load_categories())
    migrate.upgrade(database, "catalog")
    assert len(SqlProducts(database, "0002").page(category=None, after=None, limit=1000)) == 500
