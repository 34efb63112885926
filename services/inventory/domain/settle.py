"""What becomes of a reservation. Every function may be repeated: what has happened is not done again."""

from collections.abc import Callable
from dataclasses import replace

from services.inventory.domain.errors import (
    ReservationChanged,
    ReservationClosed,
    ReservationCommitted,
    ReservationNotCommitted,
    ReservationNotFound,
)
from services.inventory.domain.ports import Transaction, UnitOfWork
from services.inventory.domain.reservation import EFFECTS, Done, Reservation, State, tombstone

EXPIRY_BATCH = 100


def commit(transaction: Transaction, ref: str, *, now_ms: int) -> Done:
    """Sell what *ref* holds. While it is HELD its units are there, so a hold past its time is sold as well.

    Raises:  ReservationNotFound.  ReservationClosed: it was given back before.
    """
    found = _locked(transaction, ref)
    if found.state is State.COMMITTED:
        return Done(reservation=found, repeated=True)
    if found.state is not State.HELD:
        raise ReservationClosed(found.state)
    return _move(transaction, found, State.COMMITTED, now_ms)


def release(transaction: Transaction, ref: str, *, now_ms: int) -> Done:
    """Give back what *ref* holds; a ref that nobody has reserved yet cannot be reserved any more.

    Raises:  ReservationCommitted
    """
    found, buried = _locked_or_buried(transaction, ref, now_ms)
    if buried:
        return Done(reservation=found)
    if found.state is State.COMMITTED:
        raise ReservationCommitted(ref)
    if found.state is not State.HELD:
        return Done(reservation=found, repeated=True)
    return _move(transaction, found, State.RELEASED, now_ms)


def extend(transaction: Transaction, ref: str, *, ttl_seconds: int, now_ms: int) -> Done:
    """Hold for *ttl_seconds* from now; a hold that lasts longer already is left as it is.

    Raises:  ReservationNotFound.  ReservationCommitted, ReservationClosed: it is not HELD.
    """
    found = _locked(transaction, ref)
    if found.state is State.COMMITTED:
        raise ReservationCommitted(ref)
    if found.state is not State.HELD:
        raise ReservationClosed(found.state)
    expires_at_ms = max(found.expires_at_ms, now_ms + ttl_seconds * 1000)
    if not transaction.reservations.extend(ref, expires_at_ms=expires_at_ms, now_ms=now_ms):
        raise ReservationChanged(ref)
    return Done(reservation=replace(found, expires_at_ms=expires_at_ms))


def take_back(transaction: Transaction, ref: str, *, now_ms: int) -> Done:
    """Put what was sold under *ref* back on hand.

    Raises:  ReservationNotFound.  ReservationNotCommitted: it was never sold.
    """
    found = _locked(transaction, ref)
    if found.state is State.RETURNED:
        return Done(reservation=found, repeated=True)
    if found.state is not State.COMMITTED:
        raise ReservationNotCommitted(found.state)
    return _move(transaction, found, State.RETURNED, now_ms)


def give_back(transaction: Transaction, ref: str, *, now_ms: int) -> Done:
    """Release or take back, whichever there is to do: for an order that has ended, in whatever way."""
    found, buried = _locked_or_buried(transaction, ref, now_ms)
    if buried:
        return Done(reservation=found)
    if found.state is State.HELD:
        return _move(transaction, found, State.RELEASED, now_ms)
    if found.state is State.COMMITTED:
        return _move(transaction, found, State.RETURNED, now_ms)
    return Done(reservation=found, repeated=True)


def expire(transaction: Transaction, ref: str, *, now_ms: int) -> bool:
    """Give back what *ref* holds past its time; False where it was extended, sold or given back meanwhile."""
    found = transaction.reservations.lock(ref)
    if found is None or found.state is not State.HELD or found.expires_at_ms > now_ms:
        return False
    _move(transaction, found, State.EXPIRED, now_ms)
    return True


def expire_due(unit_of_work: UnitOfWork, *, now_ms: int, most: int, failed: Callable[[str, Exception], None]) -> int:
    """Expire what is due, each hold in a transaction of its own, at most *most*; the number of them.

    Args:    failed: told of each hold that could not be expired, and why; it holds up none of the others.
    """
    done, seen, after = 0, 0, (0, "")
    while seen < most:
        with unit_of_work.reading() as transaction:
            due = transaction.reservation_list.due(now_ms=now_ms, after=after, limit=min(EXPIRY_BATCH, most - seen))
        if not due:
            break
        seen, after = seen + len(due), due[-1]
        for _, ref in due:
            try:
                with unit_of_work.writing() as transaction:
                    done += expire(transaction, ref, now_ms=now_ms)
            except Exception as error:
                failed(ref, error)
    return done


def _locked(transaction: Transaction, ref: str) -> Reservation:
    found = transaction.reservations.lock(ref)
    if found is None:
        raise ReservationNotFound(ref)
    return found


def _locked_or_buried(transaction: Transaction, ref: str, now_ms: int) -> tuple[Reservation, bool]:
    """The reservation, locked; or a new tombstone in its place, and True."""
    found = transaction.reservations.lock(ref)
    if found is None:
        stone = tombstone(ref, now_ms=now_ms)
        if transaction.reservations.add(stone, now_ms=now_ms):
            return stone, True
        # Whoever reserved it in between was waited for.
        found = transaction.reservations.lock(ref)
        if found is None:
            raise ReservationChanged(ref)
    return found, False


def _move(transaction: Transaction, found: Reservation, to: State, now_ms: int) -> Done:
    # It is locked: the comparison is the second line of defence.
    if not transaction.reservations.change(found.ref, expected=found.state, to=to, now_ms=now_ms):
        raise ReservationChanged(found.ref)
    transaction.stock.settle(found.ref, found.lines, EFFECTS[found.state, to], now_ms=now_ms)
    return Done(reservation=replace(found, state=to))
