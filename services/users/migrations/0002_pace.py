"""How often a login was refreshed, when each kind of letter went out, and expired tokens by their time.

Expands: the release before counts no refreshes and knows of no letters.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add two columns, an index and a table."""
    op.add_column("families", sa.Column("refreshes", sa.Integer, nullable=False, server_default="0"))
    op.add_column("families", sa.Column("refreshes_since_ms", sa.BigInteger, nullable=False, server_default="0"))
    op.create_index("refresh_tokens_by_expiry", "refresh_tokens", ["expires_at_ms"])
    op.create_table(
        "last_letters",
        sa.Column("user_id", sa.String(40), sa.ForeignKey("users.user_id"), primary_key=True),
        sa.Column("kind", sa.String(32), primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )
