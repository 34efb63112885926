"""With which token a payment was asked for, so that a repeat with another is refused; and lists by state.

Expands: the release before leaves the column empty, and an empty one refuses nobody.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the index."""
    op.add_column("payments", sa.Column("payment_method", sa.String(40)))
    op.create_index("payments_by_state", "payments", ["state", "reference"])
