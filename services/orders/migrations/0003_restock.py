"""Whether a refunded order's units go back on the shelf: staff may say no, of an order that was sent."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; what knows nothing of it puts units back, as it always did."""
    op.add_column("orders", sa.Column("restock", sa.Boolean, nullable=False, server_default=sa.true()))
