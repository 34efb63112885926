"""services/payments/domain/gateway.py over the real storage, on both databases."""

from collections.abc import Callable

import pytest

from services.payments.adapters.store import SqlStore
from services.payments.domain import gateway
from services.payments.domain.errors import (
    LedgerConflict,
    PaymentCaptured,
    PaymentClosed,
    PaymentMismatch,
    PaymentNotFound,
    RefundExceedsCapture,
)
from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.payment import NOTHING, Money, Outcome, State
from services.shared.database import Database

AMOUNT = Money(minor_units=2490, currency="EUR")
AT_MS = 1_800_000_000_000


class Desk:
    """The operations on one reference, each in a transaction of its own."""

    def __init__(self, database: Database, store: SqlStore, reference: str) -> None:
        self.reference = reference
        self._database = database
        self._store = store

    def _do(self, operation: Callable[..., Outcome], **arguments: object) -> Outcome:
        with self._database.writing() as connection:
            return operation(self._store.transaction(connection), self.reference, at_ms=AT_MS, **arguments)

    def authorise(self, operation_id: str = "a", **changes: object) -> Outcome:
        arguments = {"amount": AMOUNT, "method": "tok_visa", "decline_code": None, "operation_id": operation_id}
        return self._do(gateway.authorise, **(arguments | changes))

    def capture(self, operation_id: str = "c") -> Outcome:
        return self._do(gateway.capture, operation_id=operation_id)

    def void(self, operation_id: str = "v") -> Outcome:
        return self._do(gateway.void, operation_id=operation_id)

    def refund(self, minor_units: int, operation_id: str = "r", currency: str = "EUR") -> Outcome:
        amount = Money(minor_units=minor_units, currency=currency)
        return self._do(gateway.refund, amount=amount, operation_id=operation_id)

    def entries(self) -> list[tuple[Kind, int]]:
        """The ledger: kinds and minor units, in order."""
        with self._store.reading() as tx:
            return [(e.kind, e.amount.minor_units) for e in tx.ledger.page(self.reference, after=0, limit=100)]


@pytest.fixture
def database(shared_database: Database) -> Database:
    """One for all: each test has a reference of its own."""
    return shared_database


@pytest.fixture
def desk(database: Database, store: SqlStore, reference: str) -> Desk:
    """A desk for one reference."""
    return Desk(database, store, reference)


def test_the_way_of_a_payment(desk: Desk) -> None:
    """Held, taken, given back in two parts: the row has the sums, the ledger each step."""
    assert desk.authorise().payment.state is State.AUTHORISED
    assert desk.capture().payment.state is State.CAPTURED
    desk.refund(1000, "r1")
    last = desk.refund(1490, "r2").payment
    figures = (last.authorised_minor_units, last.captured_minor_units, last.refunded_minor_units, last.version)
    assert figures == (2490, 2490, 2490, 4)
    assert desk.entries() == [(Kind.AUTHORISE, 2490), (Kind.CAPTURE, 2490), (Kind.REFUND, 1000), (Kind.REFUND, 1490)]


def test_repeats_change_nothing(desk: Desk) -> None:
    """Whatever their keys, a second authorise, capture and void find what the first has done."""
    first = desk.authorise()
    again = desk.authorise("another key")
    assert (again.payment, again.changed) == (first.payment, False)
    first = desk.capture()
    again = desk.capture("another key")
    assert (again.payment, again.changed) == (first.payment, False)
    assert desk.entries() == [(Kind.AUTHORISE, 2490), (Kind.CAPTURE, 2490)]


def test_a_decline_is_kept(desk: Desk) -> None:
    """A repeat is declined for the same reason, also on a day on which the card would do."""
    first = desk.authorise(decline_code="expired_card").payment
    assert (first.state, first.decline_code, first.authorised_minor_units) == (State.DECLINED, "expired_card", 0)
    again = desk.authorise("another key")
    assert (again.payment, again.changed) == (first, False)
    with pytest.raises(PaymentClosed):
        desk.capture()
    assert desk.void().payment == first
    assert desk.entries() == [(Kind.DECLINE, 2490)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"amount": Money(minor_units=2491, currency="EUR")}, id="another amount"),
        pytest.param({"amount": Money(minor_units=2490, currency="USD")}, id="another currency"),
        pytest.param({"method": "tok_mastercard"}, id="another card"),
    ],
)
def test_a_known_reference_with_something_else_is_refused(desk: Desk, change: dict) -> None:
    """The caller must not believe that the other has been charged."""
    desk.authorise()
    with pytest.raises(PaymentMismatch):
        desk.authorise("another key", **change)


def test_a_void_lets_go_for_good(desk: Desk) -> None:
    """What is voided can be neither captured nor authorised anew; a second void changes nothing."""
    desk.authorise()
    assert desk.void().payment.state is State.VOIDED
    assert not desk.void("another key").changed
    with pytest.raises(PaymentClosed):
        desk.capture()
    with pytest.raises(PaymentClosed):
        desk.authorise()
    assert desk.entries() == [(Kind.AUTHORISE, 2490), (Kind.VOID, 2490)]


def test_a_void_that_comes_first_wins(desk: Desk) -> None:
    """It leaves a tombstone: an authorise that was on its way is refused when it arrives."""
    voided = desk.void().payment
    assert (voided.state, voided.amount) == (State.VOIDED, NOTHING)
    with pytest.raises(PaymentClosed):
        desk.authorise()
    with pytest.raises(RefundExceedsCapture):
        desk.refund(1)
    assert desk.entries() == [(Kind.VOID, 0)]


def test_what_was_taken_cannot_be_voided(desk: Desk) -> None:
    """It has to be refunded."""
    desk.authorise()
    desk.capture()
    with pytest.raises(PaymentCaptured):
        desk.void()


def test_an_unknown_reference_has_nothing_to_take_or_give(desk: Desk) -> None:
    """Not for ever: it may still come."""
    for operation in (desk.capture, lambda: desk.refund(1)):
        with pytest.raises(PaymentNotFound) as raised:
            operation()
        assert not raised.value.final


@pytest.mark.parametrize(
    ("minor_units", "captured", "final"),
    [(2491, True, True), (1, False, False)],
    ids=["more than was taken, which stays so", "before anything was taken, which may come"],
)
def test_a_refund_stays_within_what_was_taken(desk: Desk, minor_units: int, captured: bool, final: bool) -> None:
    """What is refused leaves no entry."""
    desk.authorise()
    if captured:
        desk.capture()
    before = desk.entries()
    with pytest.raises(RefundExceedsCapture) as raised:
        desk.refund(minor_units)
    assert raised.value.final is final
    assert desk.entries() == before


def test_a_refund_of_one_operation_is_made_once(desk: Desk) -> None:
    """The same operation finds its refund; with another amount it is refused; in another currency always."""
    desk.authorise()
    desk.capture()
    first = desk.refund(1000, "r1")
    again = desk.refund(1000, "r1")
    assert (again.refund, again.payment.refunded_minor_units, again.changed) == (first.refund, 1000, False)
    with pytest.raises(PaymentMismatch):
        desk.refund(999, "r1")
    with pytest.raises(PaymentMismatch):
        desk.refund(1000, "r2", currency="USD")


def test_a_ledger_that_knows_more_than_the_row_stops_everything(
    desk: Desk, database: Database, store: SqlStore
) -> None:
    """Money that the ledger has taken is not taken again because a row says otherwise."""
    desk.authorise()
    entry = Entry(reference=desk.reference, kind=Kind.CAPTURE, operation_id="x", amount=AMOUNT, at_ms=AT_MS)
    with database.writing() as connection:
        assert store.transaction(connection).ledger.append(entry)
    with pytest.raises(LedgerConflict):
        desk.capture()
    with store.reading() as tx:
        assert tx.payments.find(desk.reference).state is State.AUTHORISED
