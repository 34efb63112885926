"""Holding units for an order: all of its lines or none, once a ref."""

from collections.abc import Iterable

from services.inventory.domain.errors import OutOfStock, ReservationChanged, ReservationClosed, ReservationConflict
from services.inventory.domain.ports import Transaction
from services.inventory.domain.reservation import CLOSED, Done, Reservation, State
from services.inventory.domain.stock import Line, merged


def reserve(transaction: Transaction, *, ref: str, lines: Iterable[Line], ttl_seconds: int, now_ms: int) -> Done:
    """Hold *lines* under *ref* for *ttl_seconds*.

    Raises:  OutOfStock: with every line that is short; the caller gives the transaction up.
             ReservationConflict, ReservationClosed: the ref was used before.  InvalidLine
    """
    wanted = Reservation(ref=ref, state=State.HELD, lines=merged(lines), expires_at_ms=now_ms + ttl_seconds * 1000)
    # The ref first: of two requests with one ref the second waits here, before it holds any stock.
    if not transaction.reservations.add(wanted, now_ms=now_ms):
        return _repeated(transaction, wanted)
    shortages = transaction.stock.hold(wanted.lines, now_ms=now_ms)
    if shortages:
        raise OutOfStock(shortages)
    transaction.reservations.add_lines(wanted)
    return Done(reservation=wanted)


def _repeated(transaction: Transaction, wanted: Reservation) -> Done:
    found = transaction.reservations.lock(wanted.ref)
    if found is None:
        raise ReservationChanged(wanted.ref)
    if found.state in CLOSED:
        raise ReservationClosed(found.state)
    if found.lines != wanted.lines:
        raise ReservationConflict(wanted.ref)
    return Done(reservation=found, repeated=True)
