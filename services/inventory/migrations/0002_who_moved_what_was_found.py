"""Who wrote a movement, and what the last reconciliation found.

Revision: 0002, after 0001. It expands only: the release before writes movements without an actor.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add a column and a table."""
    op.add_column("stock_movement", sa.Column("actor", sa.String(64)))
    op.create_table(
        "stock_discrepancy",
        sa.Column("sku", sa.String(32), sa.ForeignKey("stock.sku"), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("units", sa.BigInteger, nullable=False),
        sa.Column("found_at_ms", sa.BigInteger, nullable=False),
    )
