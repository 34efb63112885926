"""The seed: a catalogue that people could believe, and journeys can walk."""

import json
from collections import Counter

import pytest

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.domain.errors import InvalidProduct


def test_the_seed_is_a_shop() -> None:
    """60 products, ten a category, no name twice, each described, at prices between 5 and 500."""
    products = load_seed()
    InMemoryProducts(products)
    assert len(products) == 60
    assert set(Counter(product.category for product in products).values()) == {10}
    assert len({product.name for product in products}) == 60
    assert all(len(product.description) >= 20 for product in products)
    assert all(500 <= product.price.minor_units <= 50_000 for product in products)


def test_a_seed_that_cannot_be_sold_is_refused(tmp_path) -> None:
    """A price of nothing is found when the file is read, not when somebody buys."""
    path = tmp_path / "products.json"
    row = {"sku": "A-1", "category": "kitchen", "name": "x", "description": ""}
    path.write_text(json.dumps([row | {"minor_units": 0, "currency": "EUR"}]), encoding="utf-8")
    with pytest.raises(InvalidProduct, match="A-1: price 0 is not above 0"):
        load_seed(path)
