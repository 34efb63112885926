"""The catalog in a test client with its seed, and its storages: in memory and in both databases."""

from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_categories, load_seed, plant
from services.catalog.adapters.sql import SqlProducts
from services.catalog.app import create_app
from services.catalog.domain.ports import CatalogStore
from services.catalog.domain.product import Money, Product
from services.shared import migrate
from services.shared.config import Config
from services.shared.database import Database, open_database
from services.shared.issuer import Issuer


def a_product(**changes) -> Product:
    """A product that can be sold, but for *changes*."""
    price = Money(minor_units=changes.pop("minor_units", 990), currency=changes.pop("currency", "EUR"))
    plain = {"sku": "KIT-1", "name": "Pan", "description": "", "category": "kitchen", "price": price}
    return Product(**(plain | changes))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty catalog's database, once on SQLite and once on PostgreSQL."""
    found = open_database(database_url)
    migrate.upgrade(found, "catalog")
    yield found
    found.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store_of(request: pytest.FixtureRequest, tmp_path) -> Iterator[Callable[..., CatalogStore]]:
    """Makes a storage of the products that it is given, each kind in turn."""
    if request.param == "memory":
        yield lambda *products: InMemoryProducts(products)
        return
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    found = open_database(url if request.param == "sqlite" else request.getfixturevalue("postgres_url"))
    migrate.upgrade(found, "catalog")

    def make(*products: Product) -> CatalogStore:
        plant(found, products, {each.category: each.category.capitalize() for each in products})
        return SqlProducts(found, migrate.head("catalog"))

    yield make
    found.close()


@pytest.fixture
def registry() -> CollectorRegistry:
    """The metrics of one test."""
    return CollectorRegistry()


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    """Whose tokens the catalogs of the tests trust."""
    return Issuer.create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def client(registry: CollectorRegistry, issuer: Issuer) -> FlaskClient:
    """A client of a catalog with the seed's products."""
    return create_app(
        repository=InMemoryProducts(load_seed(), load_categories()),
        registry=registry,
        config=Config(service="catalog"),
        verifier=issuer.verifier("catalog"),
    ).test_client()


@pytest.fixture
def staff(issuer: Issuer) -> dict[str, str]:
    """The headers of somebody who may change prices."""
    return issuer.bearer("staff-1", ["staff"], "catalog")
