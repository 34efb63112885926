"""Payments, their ledger, and the tables of idempotency, outbox and jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_NO_CHANGE = "the ledger is append-only"


def upgrade() -> None:
    """Make the tables."""
    _payments()
    _ledger()
    _idempotency()
    _outbox()
    op.create_table(
        "job_figures",
        sa.Column("name", sa.String(128), primary_key=True),
        sa.Column("labels", sa.String(255), primary_key=True),
        sa.Column("value", sa.Float(53), nullable=False),
        sa.Column("note", sa.Text),
    )


def _payments() -> None:
    op.create_table(
        "payments",
        sa.Column("reference", sa.String(64), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("amount_minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("authorised_minor_units", sa.BigInteger, nullable=False),
        sa.Column("captured_minor_units", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor_units", sa.BigInteger, nullable=False),
        sa.Column("decline_code", sa.String(32)),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("updated_at_ms", sa.BigInteger, nullable=False),
        sa.CheckConstraint("state IN ('AUTHORISED', 'CAPTURED', 'VOIDED', 'DECLINED')", name="payments_state"),
        sa.CheckConstraint(
            "0 <= refunded_minor_units AND refunded_minor_units <= captured_minor_units "
            "AND captured_minor_units <= authorised_minor_units AND authorised_minor_units <= amount_minor_units",
            name="payments_amounts",
        ),
        sa.CheckConstraint(
            "(state = 'AUTHORISED' AND authorised_minor_units > 0 AND captured_minor_units = 0) "
            "OR (state = 'CAPTURED' AND captured_minor_units > 0) "
            "OR (state = 'VOIDED' AND captured_minor_units = 0) "
            "OR (state = 'DECLINED' AND authorised_minor_units = 0 AND decline_code IS NOT NULL)",
            name="payments_state_amounts",
        ),
    )


def _ledger() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column("reference", sa.String(64), sa.ForeignKey("payments.reference"), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("operation_id", sa.String(64), nullable=False),
        sa.Column("minor_units", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("reference", "kind", "operation_id", name="ledger_entries_operation"),
        sa.CheckConstraint("kind IN ('AUTHORISE', 'DECLINE', 'CAPTURE', 'VOID', 'REFUND')", name="ledger_entries_kind"),
        sa.CheckConstraint("minor_units > 0 OR kind = 'VOID'", name="ledger_entries_minor_units"),
    )
    op.create_index(
        "ledger_entries_once",
        "ledger_entries",
        ["reference", "kind"],
        unique=True,
        sqlite_where=sa.text("kind <> 'REFUND'"),
        postgresql_where=sa.text("kind <> 'REFUND'"),
    )
    if op.get_bind().dialect.name == "sqlite":
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER ledger_entries_no_{change.lower()} BEFORE {change} ON ledger_entries "
                f"BEGIN SELECT RAISE(ABORT, '{_NO_CHANGE}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION ledger_entries_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_NO_CHANGE}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER ledger_entries_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries "
        "FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_refuse()"
    )


def _idempotency() -> None:
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


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
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
