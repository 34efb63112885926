"""The services' seeds fit together, though no service reads another's."""

import json
from pathlib import Path

SERVICES = Path(__file__).parents[2] / "services"


def test_there_is_stock_of_every_product() -> None:
    """The catalog's and the inventory's seeds name the same SKUs."""
    products = json.loads((SERVICES / "catalog/seed/products.json").read_text(encoding="utf-8"))
    stock = json.loads((SERVICES / "inventory/seed/stock.json").read_text(encoding="utf-8"))
    assert sorted(product["sku"] for product in products) == sorted(stock)
