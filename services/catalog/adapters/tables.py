"""The catalog's tables at the latest revision; the migrations make them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from services.shared.jobs import job_figures_table

METADATA = MetaData()


def in_code_order(length: int) -> String:
    """Text that PostgreSQL too compares by code points: cursors depend on one order, whatever its locale is."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


CATEGORIES = Table(
    "categories",
    METADATA,
    Column("slug", String(40), primary_key=True),
    Column("name", String(80), nullable=False),
)

PRODUCTS = Table(
    "products",
    METADATA,
    Column("sku", in_code_order(32), primary_key=True),
    Column("name", in_code_order(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("category", String(40), ForeignKey("categories.slug"), nullable=False),
    Column("minor_units", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("version", Integer, nullable=False, server_default="1"),
    # Empty where the release before has added a product: until it is indexed, it is found by its name.
    Column("search_text", Text),
    CheckConstraint("minor_units > 0", name="products_price_is_above_0"),
    Index("products_by_category", "category", "sku"),
    Index("products_by_name", "name", "sku"),
    Index("products_by_price", "minor_units", "sku"),
)

PRICE_CHANGES = Table(
    "price_changes",
    METADATA,
    Column("sku", in_code_order(32), ForeignKey("products.sku"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("minor_units", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    Column("changed_by", String(64), nullable=False),
    Index("price_changes_by_time", "changed_at_ms"),
)

JOB_FIGURES = job_figures_table(METADATA)
