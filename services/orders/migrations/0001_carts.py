"""Carts and their lines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "carts",
        sa.Column("cart_id", sa.String(37), primary_key=True),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("version >= 1", name="carts_version"),
    )
    op.create_index("ix_carts_updated_at_ms", "carts", ["updated_at_ms"])
    op.create_table(
        "cart_lines",
        sa.Column("cart_id", sa.String(37), sa.ForeignKey("carts.cart_id", ondelete="CASCADE"), primary_key=True),
        sa.Column("sku", sa.String(32), primary_key=True),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit_price_minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.CheckConstraint("quantity BETWEEN 1 AND 99", name="cart_lines_quantity"),
        sa.CheckConstraint("unit_price_minor_units >= 1", name="cart_lines_unit_price"),
    )
