"""The catalog's storages: the one in memory and both databases answer alike."""

import random
import unicodedata
from collections.abc import Callable

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from local.postgres import for_libpq
from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_categories, load_seed, plant, seed_if_empty
from services.catalog.adapters.sql import KEEP_CHANGES_MS, SqlProducts
from services.catalog.domain.browse import list_products
from services.catalog.domain.errors import ProductNotFound
from services.catalog.domain.ports import CatalogStore
from services.catalog.domain.position import Sort
from services.catalog.domain.price_change import PriceChange
from services.catalog.domain.product import Money
from services.shared import migrate
from services.shared.database import Database, open_database
from services.shared.errors import NotReady
from tests.services.catalog.conftest import a_product


@pytest.fixture
def seeded(database: Database) -> SqlProducts:
    """The whole seed in a database."""
    seed_if_empty(database)
    return SqlProducts(database, migrate.head("catalog"))


def walk(store: CatalogStore, *, limit: int, category: str | None = None, query: str = "", sort: Sort) -> list[str]:
    """The SKUs on all pages."""
    found: list[str] = []
    after = None
    while True:
        page = list_products(store, category=category, after=after, limit=limit, query=query, sort=sort)
        found += [product.sku for product in page.products]
        after = page.next_after
        if after is None:
            return found


def test_databases_answer_as_memory_does(seeded: SqlProducts) -> None:
    """Every order, category and search gives the same products in the same order, page by page."""
    memory = InMemoryProducts(load_seed(), load_categories())
    queries = ["", "linen", "SET of 4", "usb-c", "chefs knife", "%", "_", "café", "100 g", "ö", "'; DROP TABLE--", "\\"]
    draw = random.Random(1)
    for sort in Sort:
        for query in queries:
            category = draw.choice([None, "kitchen", "pets", "probe", "boats"])
            for each in {None, category}:
                wanted = {"category": each, "query": query, "sort": sort, "limit": draw.choice([9, 40, 100])}
                assert walk(seeded, **wanted) == walk(memory, **wanted), wanted
    assert seeded.categories() == memory.categories()


@given(
    names=st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12).filter(str.strip),
        min_size=1,
        max_size=6,
    ),
    prices=st.lists(st.integers(1, 3), min_size=6, max_size=6),
    sort=st.sampled_from(Sort),
    query=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=3),
)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_sorted_and_found_alike(
    database: Database, names: list[str], prices: list[int], sort: Sort, query: str
) -> None:
    """Whatever letters names are of, and however many products cost the same: no database's rules show."""
    products = [
        a_product(sku=f"KIT-{number}", name=name, minor_units=prices[number]) for number, name in enumerate(names)
    ]
    with database.writing() as connection:
        connection.execute(text("DELETE FROM products"))
    plant(database, products, {"kitchen": "Kitchen"})
    memory, store = InMemoryProducts(products), SqlProducts(database, "0001")
    assert walk(store, limit=2, query=query, sort=sort) == walk(memory, limit=2, query=query, sort=sort)


def test_the_order_does_not_depend_on_the_locale(postgres_server: str) -> None:
    """A PostgreSQL that sorts as English people do pages like any other."""
    with psycopg.connect(for_libpq(postgres_server), autocommit=True) as admin:
        admin.execute(
            "CREATE DATABASE english TEMPLATE template0 LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' ENCODING UTF8"
        )
    database = open_database(f"{postgres_server.rpartition('/')[0]}/english")
    with database.reading() as connection:
        assert connection.execute(text("SELECT 'a' < 'B'")).scalar()
    migrate.upgrade(database, "catalog")
    products = [a_product(sku=sku, name=name) for sku, name in (("B-1", "a"), ("A1", "B"), ("A-2", "Á"), ("A-", "b"))]
    plant(database, products, {"kitchen": "Kitchen"})
    store = SqlProducts(database, "0002")
    assert walk(store, limit=1, sort=Sort.SKU) == ["A-", "A-2", "A1", "B-1"]
    assert walk(store, limit=1, sort=Sort.NAME) == ["A1", "B-1", "A-", "A-2"]
    database.close()


def test_letters_of_a_pattern_are_letters(store_of: Callable[..., CatalogStore]) -> None:
    """%, _ and backslashes are searched as they stand; case, accents and apostrophes do not count."""
    store = store_of(
        a_product(sku="A-1", name="100% linen"),
        a_product(sku="A-2", name="100 linen"),
        a_product(sku="A-3", name="snake_case"),
        a_product(sku="A-4", name="snakeXcase"),
        a_product(sku="A-5", name="back\\slash / slash"),
        a_product(sku="A-6", name=unicodedata.normalize("NFD", "Café “Chef’s” Straße")),
    )
    assert walk(store, limit=9, query="100%", sort=Sort.SKU) == ["A-1"]
    assert walk(store, limit=9, query="E_C", sort=Sort.SKU) == ["A-3"]
    assert walk(store, limit=9, query="\\", sort=Sort.SKU) == ["A-5"]
    assert walk(store, limit=9, query="CAFE chefs STRASSE", sort=Sort.SKU) == ["A-6"]


def test_probes_are_listed_in_their_category_alone(store_of: Callable[..., CatalogStore]) -> None:
    """Neither lists nor searches nor categories show what journeys buy; asked for by name, it is there."""
    store = store_of(a_product(sku="KIT-1"), a_product(sku="PROBE-BUY", category="probe"))
    assert walk(store, limit=9, sort=Sort.SKU) == ["KIT-1"]
    assert walk(store, limit=9, query="pan", sort=Sort.NAME) == ["KIT-1"]
    assert walk(store, limit=9, category="probe", sort=Sort.SKU) == ["PROBE-BUY"]
    assert [each.slug for each in store.categories()] == ["kitchen"]
    assert store.get("PROBE-BUY").category == "probe"


def a_change(version: int, *, at_ms: int = 0, minor_units: int = 500) -> PriceChange:
    """A change of KIT-1 to *version*."""
    price = Money(minor_units=minor_units, currency="EUR")
    return PriceChange(sku="KIT-1", version=version, price=price, at_ms=at_ms, by="u-1")


def test_a_saved_price_is_read_with_its_change(store_of: Callable[..., CatalogStore]) -> None:
    """Price and version are the new ones, and what happened is told."""
    store = store_of(a_product())
    change = a_change(2, at_ms=1000)
    with store.writing() as transaction:
        transaction.save(transaction.product("KIT-1").at(change.price), change)
    assert (store.get("KIT-1").price, store.get("KIT-1").version) == (change.price, 2)
    assert store.changes_since(1000, limit=5) == (change,)
    assert store.changes_since(1001, limit=5) == ()


def test_an_error_leaves_price_and_history_as_they_were(store_of: Callable[..., CatalogStore]) -> None:
    """The transaction is one."""
    store = store_of(a_product())

    def fail() -> None:
        with store.writing() as transaction:
            transaction.save(transaction.product("KIT-1").at(a_change(2).price), a_change(2))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert store.get("KIT-1").version == 1
    assert store.changes_since(0, limit=5) == ()


def test_changes_come_by_time_and_so_many_at_most(store_of: Callable[..., CatalogStore]) -> None:
    """The oldest first, whatever their versions are."""
    store = store_of(a_product())
    for version, at_ms in ((2, 300), (3, 100), (4, 200)):
        with store.writing() as transaction:
            product = transaction.product("KIT-1").at(Money(minor_units=version, currency="EUR"))
            transaction.save(product, a_change(version, at_ms=at_ms, minor_units=version))
    assert [each.version for each in store.changes_since(0, limit=2)] == [3, 4]


def test_old_changes_are_forgotten(database: Database) -> None:
    """What a probe changes each minute does not pile up; other products' history stays."""
    plant(database, [a_product(), a_product(sku="KIT-2")], {"kitchen": "Kitchen"})
    store = SqlProducts(database, "0001")
    for sku, version, at_ms in (("KIT-1", 2, 0), ("KIT-2", 2, 0), ("KIT-1", 3, KEEP_CHANGES_MS + 1)):
        with store.writing() as transaction:
            price = Money(minor_units=version, currency="EUR")
            change = PriceChange(sku=sku, version=version, price=price, at_ms=at_ms, by="u-1")
            transaction.save(transaction.product(sku).at(price), change)
    assert [(each.sku, each.version) for each in store.changes_since(0, limit=9)] == [("KIT-2", 2), ("KIT-1", 3)]


def test_an_unknown_product_is_told(store_of: Callable[..., CatalogStore]) -> None:
    """For readers and for writers alike."""
    store = store_of(a_product())
    with pytest.raises(ProductNotFound):
        store.get("KIT-2")
    with pytest.raises(ProductNotFound), store.writing() as transaction:
        transaction.product("KIT-2")


def test_only_an_empty_catalog_is_seeded(database: Database) -> None:
    """506 products go in once; a second start changes nothing, prices included."""
    assert seed_if_empty(database) == len(load_seed())
    with database.writing() as connection:
        connection.execute(text("UPDATE products SET minor_units = 1 WHERE sku = 'KIT-1001'"))
    assert seed_if_empty(database) == 0
    plant(database, load_seed(), load_categories())
    assert SqlProducts(database, "0001").get("KIT-1001").price.minor_units == 1


def test_the_schema_has_to_be_there(database_url: str) -> None:
    """An empty database is not ready; a migrated one is."""
    database = open_database(database_url)
    store = SqlProducts(database, migrate.head("catalog"))
    with pytest.raises(NotReady):
        store.check()
    migrate.upgrade(database, "catalog")
    store.check()
    database.close()
