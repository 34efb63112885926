"""Whether orders was asked which cart is the customer's: once after each sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; in sessions that are there already, orders is asked once."""
    op.add_column("sessions", sa.Column("is_cart_sought", sa.Boolean, nullable=False, server_default=sa.false()))
