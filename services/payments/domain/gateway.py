"""The four operations on a payment, each in a transaction that the caller opens and, on any error, takes back.

Each is safe to repeat, in any order and by many at once: what decides is one conditional statement, and whoever
loses finds what the winner left. Row, ledger entry and event are written together.
"""

from services.payments.domain.errors import (
    LedgerConflict,
    PaymentCaptured,
    PaymentClosed,
    PaymentMismatch,
    PaymentNotFound,
    RefundExceedsCapture,
)
from services.payments.domain.events import event_of
from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.payment import NOTHING, Money, Outcome, Payment, Refund, State
from services.payments.domain.ports import Transaction


def authorise(
    tx: Transaction,
    reference: str,
    *,
    amount: Money,
    method: str,
    decline_code: str | None,
    operation_id: str,
    at_ms: int,
) -> Outcome:
    """Hold *amount*, or decline for the reason *decline_code*; either is what a repeat finds.

    Raises:  PaymentClosed: it was voided, maybe before this came.
             PaymentMismatch: the reference is known with another amount or method.
    """
    approved = decline_code is None
    asked = Payment(
        reference=reference,
        state=State.AUTHORISED if approved else State.DECLINED,
        amount=amount,
        method=method,
        decline_code=decline_code,
        authorised_minor_units=amount.minor_units if approved else 0,
    )
    if tx.payments.add(asked, at_ms=at_ms):
        kind = Kind.AUTHORISE if approved else Kind.DECLINE
        return _changed(tx, asked, kind, amount, operation_id, at_ms)
    found = tx.payments.find(reference)
    if found.state is State.VOIDED:
        raise PaymentClosed
    # A payment of an older release does not know its method.
    if found.amount != amount or found.method not in (None, method):
        raise PaymentMismatch
    return Outcome(payment=found, changed=False)


def capture(tx: Transaction, reference: str, *, operation_id: str, at_ms: int) -> Outcome:
    """Take the whole amount that is held.

    Raises:  PaymentNotFound.  PaymentClosed: it was voided or declined.
    """
    captured = tx.transitions.capture(reference, at_ms=at_ms)
    if captured is not None:
        amount = captured.money(captured.captured_minor_units)
        return _changed(tx, captured, Kind.CAPTURE, amount, operation_id, at_ms)
    found = tx.payments.find(reference)
    if found.state is State.AUTHORISED:
        # It came between the two statements: for this capture it was not there.
        raise PaymentNotFound
    if found.state is not State.CAPTURED:
        raise PaymentClosed
    return Outcome(payment=found, changed=False)


def void(tx: Transaction, reference: str, *, operation_id: str, at_ms: int) -> Outcome:
    """Let go of what is held. Of an unknown reference, see to it that nothing will ever be held; one that was
    declined stays so.

    Raises:  PaymentCaptured.
    """
    # First of all, so that an authorise which comes meanwhile is either seen below or refused.
    tombstone = Payment(reference=reference, state=State.VOIDED, amount=NOTHING)
    if tx.payments.add(tombstone, at_ms=at_ms):
        return _changed(tx, tombstone, Kind.VOID, NOTHING, operation_id, at_ms)
    voided = tx.transitions.void(reference, at_ms=at_ms)
    if voided is not None:
        amount = voided.money(voided.authorised_minor_units)
        return _changed(tx, voided, Kind.VOID, amount, operation_id, at_ms)
    found = tx.payments.find(reference)
    if found.state is State.CAPTURED:
        raise PaymentCaptured
    return Outcome(payment=found, changed=False)


def refund(tx: Transaction, reference: str, *, amount: Money, operation_id: str, at_ms: int) -> Outcome:
    """Give *amount* back; once for one operation, at most what was captured for all of them.

    Raises:  PaymentNotFound.  PaymentMismatch: another currency, or another amount for this operation.
             RefundExceedsCapture.
    """
    found = tx.payments.find(reference)
    if found.amount != NOTHING and found.amount.currency != amount.currency:
        raise PaymentMismatch
    made = Refund(refund_id=f"rf_{operation_id}", reference=reference, amount=amount)
    entry = Entry(reference=reference, kind=Kind.REFUND, operation_id=operation_id, amount=amount, at_ms=at_ms)
    # The entry before the change: of two that run at once, one waits here for the other.
    if not tx.ledger.append(entry):
        earlier = tx.ledger.find(reference, Kind.REFUND, operation_id)
        if earlier is None or earlier.amount != amount:
            raise PaymentMismatch
        return Outcome(payment=found, changed=False, refund=made)
    refunded = tx.transitions.refund(reference, amount.minor_units, at_ms=at_ms)
    if refunded is None:
        # Only an authorised payment may still be captured: after that, what is left never grows.
        raise RefundExceedsCapture(final=found.state is not State.AUTHORISED)
    tx.events.append(event_of(entry, refunded))
    return Outcome(payment=refunded, changed=True, refund=made)


def _changed(tx: Transaction, payment: Payment, kind: Kind, amount: Money, operation_id: str, at_ms: int) -> Outcome:
    entry = Entry(reference=payment.reference, kind=kind, operation_id=operation_id, amount=amount, at_ms=at_ms)
    if not tx.ledger.append(entry):
        raise LedgerConflict(f"{payment.reference}: the ledger has its {kind} already")
    tx.events.append(event_of(entry, payment))
    return Outcome(payment=payment, changed=True)
