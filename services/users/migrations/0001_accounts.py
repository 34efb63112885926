"""Accounts, their logins, attempts at passwords, letters that wait, and the figures of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "users",
        sa.Column("user_id", sa.String(40), primary_key=True),
        sa.Column("email", sa.String(254), nullable=False, unique=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("roles", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(255), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger),
    )
    op.create_table(
        "families",
        sa.Column("family", sa.String(32), primary_key=True),
        sa.Column("user_id", sa.String(40), sa.ForeignKey("users.user_id"), nullable=False, index=True),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("revoked_at_ms", sa.BigInteger),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("family", sa.String(32), sa.ForeignKey("families.family", ondelete="CASCADE"), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("used_at_ms", sa.BigInteger),
    )
    op.create_index("refresh_tokens_by_family", "refresh_tokens", ["family"])
    op.create_table(
        "attempts",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("since_ms", sa.BigInteger, nullable=False),
        sa.Column("last_ms", sa.BigInteger, nullable=False, index=True),
        sa.Column("blocked_until_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reset_tokens",
        sa.Column("token_sha256", sa.String(64), primary_key=True),
        sa.Column("user_id", sa.String(40), sa.ForeignKey("users.user_id"), nullable=False, index=True),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "letters",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("next_attempt_at_ms", sa.BigInteger, nullable=False, index=True),
    )
    op.create_table(
        "job_figures",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("note", sa.Text),
    )
