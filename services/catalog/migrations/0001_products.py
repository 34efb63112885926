"""Categories, products with their prices, what prices were, and the figures of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _in_code_order(length: int) -> sa.String:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "categories",
        sa.Column("slug", sa.String(40), primary_key=True),
        sa.Column("name", sa.String(80), nullable=False),
    )
    op.create_table(
        "products",
        sa.Column("sku", _in_code_order(32), primary_key=True),
        sa.Column("name", _in_code_order(200), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("category", sa.String(40), sa.ForeignKey("categories.slug"), nullable=False),
        sa.Column("minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("version", sa.Integer, nullable=False, server_default="1"),
        sa.CheckConstraint("minor_units > 0", name="products_price_is_above_0"),
    )
    op.create_index("products_by_category", "products", ["category", "sku"])
    op.create_table(
        "price_changes",
        sa.Column("sku", _in_code_order(32), sa.ForeignKey("products.sku"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_by", sa.String(64), nullable=False),
    )
    op.create_index("price_changes_by_time", "price_changes", ["changed_at_ms"])
    op.create_table(
        "job_figures",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("note", sa.Text),
    )
