"""What a new catalog starts with, from the seed files."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from sqlalchemy import select

from services.catalog.adapters.tables import CATEGORIES, PRODUCTS
from services.catalog.domain.product import Money, Product
from services.catalog.domain.search import searchable
from services.shared.database import Database
from services.shared.upsert import insert_into

SEED_FOLDER = Path(__file__).parent.parent / "seed"
SEED_FILE = SEED_FOLDER / "products.json"
CATEGORIES_FILE = SEED_FOLDER / "categories.json"


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


def load_categories(path: Path = CATEGORIES_FILE) -> Mapping[str, str]:
    """The names of the categories in *path*, by slug.

    Raises:  OSError, ValueError, KeyError: not such a file.
    """
    return {row["slug"]: row["name"] for row in json.loads(path.read_text(encoding="utf-8"))}


def seed_if_empty(database: Database) -> int:
    """Put the seed into a catalog without products; the number of products that went in.

    Raises:  DatabaseUnavailable: it is tried again at the next start.
    """
    with database.reading() as connection:
        if connection.execute(select(PRODUCTS.c.sku).limit(1)).first() is not None:
            return 0
    products = load_seed()
    plant(database, products, load_categories())
    return len(products)


def plant(database: Database, products: Iterable[Product], categories: Mapping[str, str]) -> None:
    """Add *products* and *categories*; what is there already stays as it is."""
    with database.writing() as connection:
        # Two replicas that start at once: the second finds all of it there.
        names = [{"slug": slug, "name": name} for slug, name in categories.items()]
        connection.execute(insert_into(connection, CATEGORIES).on_conflict_do_nothing(), names)
        rows = [_row(product) for product in products]
        connection.execute(insert_into(connection, PRODUCTS).on_conflict_do_nothing(), rows)


def _row(product: Product) -> dict[str, str | int]:
    texts = {
        "sku": product.sku,
        "name": product.name,
        "description": product.description,
        "category": product.category,
    }
    return {
        **texts,
        "minor_units": product.price.minor_units,
        "currency": product.price.currency,
        "version": product.version,
        "search_text": searchable(**texts),
    }
