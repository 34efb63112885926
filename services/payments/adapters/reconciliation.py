"""Compares each payment with the sums of its ledger entries, and brings one that differs back to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Subquery, case, func, select, update
from sqlalchemy.exc import IntegrityError

from services.payments.adapters.store import to_payment
from services.payments.adapters.tables import LEDGER, PAYMENTS
from services.payments.domain.ledger import Kind, Totals, discrepancies
from services.payments.domain.payment import Payment
from services.shared.database import Database

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A payment beside what the ledger says of it, as both were at one moment; `wrong` names what differs."""

    payment: Payment
    totals: Totals
    wrong: tuple[str, ...]


def compare(database: Database) -> Iterator[Compared]:
    """Every payment, by reference, a batch a transaction.

    Raises:  DatabaseUnavailable.
    """
    after = ""
    while True:
        with database.reading() as connection:
            references = select(PAYMENTS.c.reference).where(PAYMENTS.c.reference > after).order_by(PAYMENTS.c.reference)
            batch = connection.execute(references.limit(BATCH)).scalars().all()
            if not batch:
                return
            # Rows and sums in one statement: on READ COMMITTED, two would see two moments.
            sums = _sums(after, batch[-1])
            statement = select(PAYMENTS, *(column for column in sums.c if column.name != "reference")).join(
                sums, sums.c.reference == PAYMENTS.c.reference, isouter=True
            )
            within = statement.where(PAYMENTS.c.reference > after, PAYMENTS.c.reference <= batch[-1])
            rows = connection.execute(within.order_by(PAYMENTS.c.reference)).all()
        for row in rows:
            payment, totals = to_payment(row), _totals(row)
            yield Compared(payment=payment, totals=totals, wrong=discrepancies(payment, totals))
        after = batch[-1]


def repair(database: Database, compared: Compared) -> bool:
    """Give the payment the figures of its ledger; False if it has changed since, or they cannot be a payment's.

    Raises:  DatabaseUnavailable.
    """
    payment, totals = compared.payment, compared.totals
    if totals.state is None:
        return False
    statement = update(PAYMENTS).where(PAYMENTS.c.reference == payment.reference, PAYMENTS.c.version == payment.version)
    figures = statement.values(
        state=totals.state.value,
        authorised_minor_units=totals.authorised,
        captured_minor_units=totals.captured,
        refunded_minor_units=totals.refunded,
        version=payment.version + 1,
    )
    try:
        with database.writing() as connection:
            return connection.execute(figures.returning(PAYMENTS.c.reference)).first() is not None
    except IntegrityError:
        return False


def _sums(after: str, last: str) -> Subquery:
    return (
        select(
            LEDGER.c.reference,
            _sum(Kind.AUTHORISE, LEDGER.c.minor_units).label("ledger_authorised"),
            _sum(Kind.CAPTURE, LEDGER.c.minor_units).label("ledger_captured"),
            _sum(Kind.VOID, LEDGER.c.minor_units).label("ledger_voided"),
            _sum(Kind.REFUND, LEDGER.c.minor_units).label("ledger_refunded"),
            _sum(Kind.DECLINE, 1).label("ledger_declines"),
            _sum(Kind.VOID, 1).label("ledger_voids"),
        )
        .where(LEDGER.c.reference > after, LEDGER.c.reference <= last)
        .group_by(LEDGER.c.reference)
        .subquery()
    )


def _sum(kind: Kind, what: Any) -> ColumnElement[Any]:
    return func.sum(case((LEDGER.c.kind == kind.value, what), else_=0))


def _totals(row: Row[Any]) -> Totals:
    # PostgreSQL sums whole numbers to decimals.
    return Totals(
        authorised=int(row.ledger_authorised or 0),
        captured=int(row.ledger_captured or 0),
        voided=int(row.ledger_voided or 0),
        refunded=int(row.ledger_refunded or 0),
        declines=int(row.ledger_declines or 0),
        voids=int(row.ledger_voids or 0),
    )
