"""An owner's carts are asked for, the one that was changed last first."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the index; what knows nothing of it loses nothing."""
    op.create_index("carts_owner", "carts", ["owner", "updated_at_ms"])
