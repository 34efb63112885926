"""The seed: a catalogue that people could believe, and journeys can walk."""

import json
from collections import Counter

import pytest

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_categories, load_seed
from services.catalog.domain.errors import InvalidProduct
from services.catalog.domain.product import PROBE_CATEGORY


def test_the_seed_is_a_shop() -> None:
    """500 products in a dozen categories of equal size, no name twice, each described, at prices between 3 and 500."""
    products = [each for each in load_seed() if each.category != PROBE_CATEGORY]
    InMemoryProducts(products)
    counts = Counter(product.category for product in products)
    assert (len(products), len(counts), set(counts.values())) == (500, 12, {41, 42})
    assert len({product.name for product in products}) == 500
    assert all(len(product.description) >= 20 for product in products)
    assert all(300 <= product.price.minor_units <= 50_000 for product in products)


def test_each_category_has_a_name() -> None:
    """Those that products are in, and no other."""
    assert set(load_categories()) == {product.category for product in load_seed()}


def test_probes_have_products_of_their_own() -> None:
    """Those to buy, one whose price changes, one that is never there, one that many want at once."""
    probes = [each.sku.removeprefix("PROBE-") for each in load_seed() if each.category == PROBE_CATEGORY]
    assert probes == ["BUY", "DECLINE", "PRICE", "REFUND", "SOLD-OUT", "STAMPEDE"]


def test_what_was_sold_before_is_still_there() -> None:
    """The first ten of the first six categories keep their SKUs: carts and orders name them."""
    skus = {each.sku for each in load_seed()}
    assert {f"{code}-{n}" for code in ("KIT", "GAR", "OFF", "OUT", "TEX", "LIG") for n in range(1001, 1011)} <= skus


def test_a_seed_that_cannot_be_sold_is_refused(tmp_path) -> None:
    """A price of nothing is found when the file is read, not when somebody buys."""
    path = tmp_path / "products.json"
    row = {"sku": "A-1", "category": "kitchen", "name": "x", "description": ""}
    path.write_text(json.dumps([row | {"minor_units": 0, "currency": "EUR"}]), encoding="utf-8")
    with pytest.raises(InvalidProduct, match="A-1: price 0 is not above 0"):
        load_seed(path)
