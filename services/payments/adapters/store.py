"""The gateway's storage on SQLite or PostgreSQL: repositories over one connection, hence in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, Update, select, update

from services.payments.adapters.tables import LEDGER, METADATA, PAYMENTS
from services.payments.domain.errors import PaymentNotFound
from services.payments.domain.events import PaymentEvent
from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.payment import Money, Payment, State
from services.shared import outbox, propagation
from services.shared.database import Database
from services.shared.upsert import insert_into

# In an event's context: how often the receiver gets it.
COPIES = "webhook_copies"
_OUTBOX = METADATA.tables["outbox"]


class SqlPayments:
    """`Payments` and `Transitions`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, payment: Payment, *, at_ms: int) -> bool:
        row = {
            "reference": payment.reference,
            "state": payment.state.value,
            "amount_minor_units": payment.amount.minor_units,
            "currency": payment.amount.currency,
            "authorised_minor_units": payment.authorised_minor_units,
            "captured_minor_units": payment.captured_minor_units,
            "refunded_minor_units": payment.refunded_minor_units,
            "decline_code": payment.decline_code,
            "version": payment.version,
            "created_at_ms": at_ms,
            "updated_at_ms": at_ms,
            "payment_method": payment.method,
        }
        insert = insert_into(self._connection, PAYMENTS).on_conflict_do_nothing(index_elements=["reference"])
        return self._connection.execute(insert.values(**row).returning(PAYMENTS.c.reference)).first() is not None

    def find(self, reference: str) -> Payment:
        row = self._connection.execute(select(PAYMENTS).where(PAYMENTS.c.reference == reference)).first()
        if row is None:
            raise PaymentNotFound(reference)
        return to_payment(row)

    def page(self, *, state: State | None, after: str | None, limit: int) -> tuple[Payment, ...]:
        statement = select(PAYMENTS).order_by(PAYMENTS.c.reference).limit(limit)
        if state is not None:
            statement = statement.where(PAYMENTS.c.state == state.value)
        if after is not None:
            statement = statement.where(PAYMENTS.c.reference > after)
        return tuple(to_payment(row) for row in self._connection.execute(statement))

    def capture(self, reference: str, *, at_ms: int) -> Payment | None:
        statement = self._authorised(reference)
        amount = PAYMENTS.c.authorised_minor_units
        return self._changed(statement.values(state=State.CAPTURED.value, captured_minor_units=amount), at_ms)

    def void(self, reference: str, *, at_ms: int) -> Payment | None:
        return self._changed(self._authorised(reference).values(state=State.VOIDED.value), at_ms)

    def refund(self, reference: str, minor_units: int, *, at_ms: int) -> Payment | None:
        refunded = PAYMENTS.c.refunded_minor_units
        statement = update(PAYMENTS).where(
            PAYMENTS.c.reference == reference, PAYMENTS.c.captured_minor_units - refunded >= minor_units
        )
        return self._changed(statement.values(refunded_minor_units=refunded + minor_units), at_ms)

    def _authorised(self, reference: str) -> Update:
        return update(PAYMENTS).where(PAYMENTS.c.reference == reference, PAYMENTS.c.state == State.AUTHORISED.value)

    def _changed(self, statement: Update, at_ms: int) -> Payment | None:
        changed = statement.values(version=PAYMENTS.c.version + 1, updated_at_ms=at_ms).returning(*PAYMENTS.c)
        row = self._connection.execute(changed).first()
        return None if row is None else to_payment(row)


class SqlLedger:
    """`Ledger`: it inserts and reads; the database refuses all else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, entry: Entry) -> bool:
        row = {
            "reference": entry.reference,
            "kind": entry.kind.value,
            "operation_id": entry.operation_id,
            "minor_units": entry.amount.minor_units,
            "currency": entry.amount.currency,
            "at_ms": entry.at_ms,
        }
        insert = insert_into(self._connection, LEDGER).on_conflict_do_nothing()
        return self._connection.execute(insert.values(**row).returning(LEDGER.c.id)).first() is not None

    def find(self, reference: str, kind: Kind, operation_id: str) -> Entry | None:
        statement = select(LEDGER).where(
            LEDGER.c.reference == reference, LEDGER.c.kind == kind.value, LEDGER.c.operation_id == operation_id
        )
        row = self._connection.execute(statement).first()
        return None if row is None else _to_entry(row)

    def page(self, reference: str, *, after: int, limit: int) -> tuple[Entry, ...]:
        statement = select(LEDGER).where(LEDGER.c.reference == reference, LEDGER.c.id > after)
        rows = self._connection.execute(statement.order_by(LEDGER.c.id).limit(limit))
        return tuple(_to_entry(row) for row in rows)


class SqlEvents:
    """`Events`: the outbox. *copies* is how often each is sent."""

    def __init__(self, connection: Connection, copies: int) -> None:
        self._connection = connection
        self._copies = copies

    def append(self, event: PaymentEvent) -> None:
        context = propagation.stored() | ({COPIES: str(self._copies)} if self._copies > 1 else {})
        sent = outbox.Event(
            event_id=event.event_id,
            type=event.type,
            subject=event.reference,
            occurred_at_ms=event.at_ms,
            data=event.data,
            context=context,
        )
        outbox.append(self._connection, sent)


class SqlTransaction:
    """`Transaction` over a connection that somebody else commits."""

    def __init__(self, connection: Connection, *, copies: int = 1) -> None:
        self.payments = SqlPayments(connection)
        self.transitions = self.payments
        self.ledger = SqlLedger(connection)
        self.events = SqlEvents(connection, copies)


class SqlStore:
    """Where the API gets its transactions from."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def transaction(self, connection: Connection, *, copies: int = 1) -> SqlTransaction:
        """The repositories over *connection*; each event is sent *copies* times."""
        return SqlTransaction(connection, copies=copies)

    @contextmanager
    def reading(self) -> Iterator[SqlTransaction]:
        """The repositories in a transaction of their own that only reads."""
        with self._database.reading() as connection:
            yield SqlTransaction(connection)

    def has_told_all(self, reference: str) -> bool:
        """Whether every webhook about *reference* has arrived."""
        waits = select(_OUTBOX.c.id).where(_OUTBOX.c.subject == reference, _OUTBOX.c.delivered_at_ms.is_(None))
        with self._database.reading() as connection:
            return connection.execute(waits.limit(1)).first() is None


def to_payment(row: Row[Any]) -> Payment:
    """The payment that *row*, of the table or with its columns, holds."""
    return Payment(
        reference=row.reference,
        state=State(row.state),
        amount=Money(minor_units=row.amount_minor_units, currency=row.currency),
        method=row.payment_method,
        decline_code=row.decline_code,
        authorised_minor_units=row.authorised_minor_units,
        captured_minor_units=row.captured_minor_units,
        refunded_minor_units=row.refunded_minor_units,
        version=row.version,
    )


def _to_entry(row: Row[Any]) -> Entry:
    return Entry(
        reference=row.reference,
        kind=Kind(row.kind),
        operation_id=row.operation_id,
        amount=Money(minor_units=row.minor_units, currency=row.currency),
        at_ms=row.at_ms,
        id=row.id,
    )
