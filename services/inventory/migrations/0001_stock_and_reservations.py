"""Stock, its ledger, reservations, and the tables that all services' writers have.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_FORBIDDEN = "the ledger is append-only"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stock",
        sa.Column("sku", sa.String(32), primary_key=True),
        sa.Column("on_hand", sa.BigInteger, nullable=False),
        sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("reserved >= 0", name="stock_reserved_not_negative"),
        sa.CheckConstraint("on_hand >= reserved", name="stock_not_oversold"),
        # Few rows, each changed all the time: room on the page keeps their versions beside them.
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "stock_movement",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("ref", sa.String(64), nullable=False),
        sa.Column("sku", sa.String(32), sa.ForeignKey("stock.sku"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("ref", "sku", "kind", name="stock_movement_once"),
    )
    op.create_index("stock_movement_by_sku", "stock_movement", ["sku", "quantity"])
    _append_only("stock_movement")
    _reservations()
    _shared()


def _reservations() -> None:
    op.create_table(
        "reservation",
        sa.Column("ref", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint(
            "state IN ('HELD', 'COMMITTED', 'RELEASED', 'EXPIRED', 'RETURNED')", name="reservation_state"
        ),
    )
    op.create_index("reservation_by_state", "reservation", ["state", "ref"])
    held = sa.text("state = 'HELD'")
    op.create_index(
        "reservation_held", "reservation", ["expires_at_ms", "ref"], postgresql_where=held, sqlite_where=held
    )
    op.create_table(
        "reservation_line",
        sa.Column("ref", sa.String(64), sa.ForeignKey("reservation.ref"), primary_key=True),
        sa.Column("sku", sa.String(32), sa.ForeignKey("stock.sku"), primary_key=True),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.CheckConstraint("quantity > 0", name="reservation_line_quantity"),
    )


def _shared() -> None:
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


def _append_only(table: str) -> None:
    """Let the database itself refuse to change or delete what stands in *table*."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{_FORBIDDEN}'); END"
            )
        return
    op.execute(
        f"CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_FORBIDDEN}'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse()"
    )
