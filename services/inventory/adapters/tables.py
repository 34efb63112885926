"""The inventory's tables, as this release reads and writes them; `migrations/` brings a database there."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

from services.shared.idempotency import idempotency_table
from services.shared.jobs import job_figures_table
from services.shared.outbox import inbox_table

METADATA = MetaData()
IDEMPOTENCY = idempotency_table(METADATA)
INBOX = inbox_table(METADATA)
JOB_FIGURES = job_figures_table(METADATA)

# The checks are a backstop: conditional updates never come near them.
STOCK = Table(
    "stock",
    METADATA,
    Column("sku", String(32), primary_key=True),
    Column("on_hand", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    CheckConstraint("reserved >= 0", name="stock_reserved_not_negative"),
    CheckConstraint("on_hand >= reserved", name="stock_not_oversold"),
)

RESERVATION = Table(
    "reservation",
    METADATA,
    Column("ref", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    CheckConstraint("state IN ('HELD', 'COMMITTED', 'RELEASED', 'EXPIRED', 'RETURNED')", name="reservation_state"),
    Index("reservation_by_state", "state", "ref"),
    # Few of all reservations are held: what is due is found without looking at the others.
    Index(
        "reservation_held",
        "expires_at_ms",
        "ref",
        postgresql_where=text("state = 'HELD'"),
        sqlite_where=text("state = 'HELD'"),
    ),
)

RESERVATION_LINE = Table(
    "reservation_line",
    METADATA,
    Column("ref", String(64), ForeignKey("reservation.ref"), primary_key=True),
    Column("sku", String(32), ForeignKey("stock.sku"), primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    CheckConstraint("quantity > 0", name="reservation_line_quantity"),
)

# Append-only: triggers refuse every UPDATE and DELETE.
STOCK_MOVEMENT = Table(
    "stock_movement",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("ref", String(64), nullable=False),
    Column("sku", String(32), ForeignKey("stock.sku"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("actor", String(64)),
    UniqueConstraint("ref", "sku", "kind", name="stock_movement_once"),
    # Holds all that a sum by SKU needs.
    Index("stock_movement_by_sku", "sku", "quantity"),
)

# What the last reconciliation found.
STOCK_DISCREPANCY = Table(
    "stock_discrepancy",
    METADATA,
    Column("sku", String(32), ForeignKey("stock.sku"), primary_key=True),
    Column("kind", String(32), primary_key=True),
    Column("units", BigInteger, nullable=False),
    Column("found_at_ms", BigInteger, nullable=False),
)
