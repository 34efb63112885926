"""Orders with their history; idempotency keys, outbox, inbox and the figures of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_USES_ITS_CART = sa.text("state NOT IN ('DECLINED', 'CANCELLED', 'EXPIRED')")
_MOVES = sa.text("state IN ('PENDING', 'RESERVED', 'PAYING', 'PAYMENT_UNKNOWN', 'REFUND_PENDING')")


def upgrade() -> None:
    """Create all of them."""
    _orders()
    _messages()


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("order_id", sa.String(36), primary_key=True),
        sa.Column("cart_id", sa.String(37), nullable=False),
        sa.Column("owner", sa.String(128), nullable=False),
        sa.Column("lines", sa.Text, nullable=False),
        sa.Column("total_minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("payment_method", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("decline_code", sa.String(64)),
        sa.Column("traffic", sa.String(8), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("unknown_since_ms", sa.BigInteger),
        sa.CheckConstraint("version >= 1", name="orders_version"),
        sa.CheckConstraint("total_minor_units >= 1", name="orders_total"),
    )
    op.create_index(
        "orders_cart", "orders", ["cart_id"], unique=True, sqlite_where=_USES_ITS_CART, postgresql_where=_USES_ITS_CART
    )
    op.create_index("orders_owner", "orders", ["owner", "created_at_ms", "order_id"])
    op.create_index(
        "orders_moving", "orders", ["state", "next_attempt_at_ms"], sqlite_where=_MOVES, postgresql_where=_MOVES
    )
    op.create_table(
        "order_history",
        sa.Column("order_id", sa.String(36), sa.ForeignKey("orders.order_id"), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(64)),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "idempotency",
        sa.Column("principal", sa.String(128), primary_key=True),
        sa.Column("route", sa.String(128), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("resource", sa.String(64)),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("body", sa.Text),
        sa.Column("headers", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_idempotency_created_at_ms", "idempotency", ["created_at_ms"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(64), nullable=False, unique=True),
        sa.Column("type", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(64), nullable=False),
        sa.Column("data", sa.Text, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("occurred_at_ms", sa.BigInteger, nullable=False),
        sa.Column("next_attempt_at_ms", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("delivered_at_ms", sa.BigInteger),
    )
    op.create_index("outbox_waiting", "outbox", ["delivered_at_ms", "next_attempt_at_ms"])
    op.create_index("outbox_subject", "outbox", ["subject", "id"])
    op.create_table(
        "inbox",
        sa.Column("consumer", sa.String(64), primary_key=True),
        sa.Column("event_id", sa.String(64), primary_key=True),
        sa.Column("received_at_ms", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "job_figures",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("note", sa.Text),
    )
