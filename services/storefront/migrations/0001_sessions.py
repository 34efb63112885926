"""Sessions, and the figures of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "sessions",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(64)),
        sa.Column("customer", sa.Text),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("cart_id", sa.String(64)),
        sa.Column("items", sa.Integer, nullable=False),
        sa.Column("notice", sa.String(400), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("seen_at_ms", sa.BigInteger, nullable=False),
        sa.Column("refreshing_until_ms", sa.BigInteger, nullable=False, server_default="0"),
    )
    op.create_index("sessions_seen", "sessions", ["seen_at_ms"])
    op.create_index("sessions_user", "sessions", ["user_id"])
    op.create_table(
        "job_figures",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("note", sa.Text),
    )
