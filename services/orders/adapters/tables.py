"""The tables of orders beside those of carts: orders, their history, and what all services keep."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
    true,
)

from services.orders.adapters.carts_sql import cart_tables
from services.shared.idempotency import idempotency_table
from services.shared.jobs import job_figures_table
from services.shared.outbox import inbox_table, outbox_table

REVISION = "0004"
# Those of domain.order.FAILED and of all that still move, as the indices in the migrations name them.
USES_ITS_CART = text("state NOT IN ('DECLINED', 'CANCELLED', 'EXPIRED')")
MOVES = text("state IN ('PENDING', 'RESERVED', 'PAYING', 'PAYMENT_UNKNOWN', 'REFUND_PENDING')")

METADATA = MetaData()
cart_tables(METADATA)
idempotency_table(METADATA)
outbox_table(METADATA)
inbox_table(METADATA)
job_figures_table(METADATA)

ORDERS = Table(
    "orders",
    METADATA,
    Column("order_id", String(36), primary_key=True),
    Column("cart_id", String(37), nullable=False),
    Column("owner", String(128), nullable=False),
    # As JSON: they never change, and nothing asks for them but together with their order.
    Column("lines", Text, nullable=False),
    Column("total_minor_units", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("payment_method", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("reason", String(64)),
    Column("decline_code", String(64)),
    Column("restock", Boolean, nullable=False, server_default=true()),
    Column("traffic", String(8), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("next_attempt_at_ms", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("unknown_since_ms", BigInteger),
    CheckConstraint("version >= 1", name="orders_version"),
    CheckConstraint("total_minor_units >= 1", name="orders_total"),
    Index("orders_cart", "cart_id", unique=True, sqlite_where=USES_ITS_CART, postgresql_where=USES_ITS_CART),
    Index("orders_owner", "owner", "created_at_ms", "order_id"),
    Index("orders_moving", "state", "next_attempt_at_ms", sqlite_where=MOVES, postgresql_where=MOVES),
)

HISTORY = Table(
    "order_history",
    METADATA,
    Column("order_id", String(36), ForeignKey("orders.order_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(64)),
    Column("at_ms", BigInteger, nullable=False),
)
