"""The gateway's tables, as its newest migration leaves them. Amounts are minor units; times milliseconds."""

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

from services.payments.domain.ledger import Kind
from services.payments.domain.payment import State
from services.shared.idempotency import idempotency_table
from services.shared.jobs import job_figures_table
from services.shared.outbox import outbox_table


def _one_of(column: str, values: type[State] | type[Kind]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


METADATA = MetaData()
idempotency_table(METADATA)
outbox_table(METADATA)
job_figures_table(METADATA)

PAYMENTS = Table(
    "payments",
    METADATA,
    Column("reference", String(64), primary_key=True),
    Column("state", String(16), nullable=False),
    # What was asked for; 0 XXX for a void that came first.
    Column("amount_minor_units", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("authorised_minor_units", BigInteger, nullable=False),
    Column("captured_minor_units", BigInteger, nullable=False),
    Column("refunded_minor_units", BigInteger, nullable=False),
    Column("decline_code", String(32)),
    Column("version", Integer, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("updated_at_ms", BigInteger, nullable=False),
    Column("payment_method", String(40)),
    CheckConstraint(_one_of("state", State), name="payments_state"),
    CheckConstraint(
        "0 <= refunded_minor_units AND refunded_minor_units <= captured_minor_units "
        "AND captured_minor_units <= authorised_minor_units AND authorised_minor_units <= amount_minor_units",
        name="payments_amounts",
    ),
    CheckConstraint(
        "(state = 'AUTHORISED' AND authorised_minor_units > 0 AND captured_minor_units = 0) "
        "OR (state = 'CAPTURED' AND captured_minor_units > 0) "
        "OR (state = 'VOIDED' AND captured_minor_units = 0) "
        "OR (state = 'DECLINED' AND authorised_minor_units = 0 AND decline_code IS NOT NULL)",
        name="payments_state_amounts",
    ),
    Index("payments_by_state", "state", "reference"),
)

LEDGER = Table(
    "ledger_entries",
    METADATA,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("reference", String(64), ForeignKey("payments.reference"), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("operation_id", String(64), nullable=False),
    Column("minor_units", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    UniqueConstraint("reference", "kind", "operation_id", name="ledger_entries_operation"),
    CheckConstraint(_one_of("kind", Kind), name="ledger_entries_kind"),
    CheckConstraint("minor_units > 0 OR kind = 'VOID'", name="ledger_entries_minor_units"),
)
# Whoever asks and however often: a reference is charged once.
Index(
    "ledger_entries_once",
    LEDGER.c.reference,
    LEDGER.c.kind,
    unique=True,
    sqlite_where=text("kind <> 'REFUND'"),
    postgresql_where=text("kind <> 'REFUND'"),
)
