"""The products that a new catalog starts with, from the seed file."""

import json
from pathlib import Path

from services.catalog.domain.product import Money, Product

SEED_FILE = Path(__file__).parent.parent / "seed" / "products.json"


def load_seed(path: Path = SEED_FILE) -> tuple[Product, ...]:
    """The products in *path*: objects with `sku, category, name, minor_units, currency, description`.

    Raises:  InvalidProduct: one that cannot be sold. OSError, ValueError, KeyError: not such a file.
    """
    return tuple(
        Product(
            sku=row["sku"],
            name=row["name"],
            description=row["description"],
            category=row["category"],
            price=Money(minor_units=row["minor_units"], currency=row["currency"]),
        )
        for row in json.loads(path.read_text(encoding="utf-8"))
    )
