"""The catalog in a test client, with its seed."""

import pytest
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.app import create_app
from services.shared.config import Config


@pytest.fixture
def registry() -> CollectorRegistry:
    """The metrics of one test."""
    return CollectorRegistry()


@pytest.fixture
def client(registry: CollectorRegistry) -> FlaskClient:
    """A client of a catalog with the seed's products."""
    app = create_app(repository=InMemoryProducts(load_seed()), registry=registry, config=Config(service="catalog"))
    return app.test_client()
