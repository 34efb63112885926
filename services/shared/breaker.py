"""A circuit breaker: a peer that fails again and again is left alone for a while, then tried with one call.

The states are pybreaker's. Its own `call` holds a lock for as long as the call takes, which would let one thread at a
time talk to a peer; here the lock is held for the bookkeeping only.
"""

import math
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TypeVar

from services.shared.errors import PeerUnavailable


@contextmanager
def _redis_hidden() -> Iterator[None]:
    """Importing pybreaker imports redis and with it OpenTelemetry: 0.3 s and 11 MB, for a storage not used here."""
    absent = "redis" not in sys.modules
    if absent:
        sys.modules["redis"] = None  # type: ignore[assignment]  # the documented way to make an import fail
    try:
        yield
    finally:
        if absent:
            del sys.modules["redis"]


with _redis_hidden():
    from pybreaker import (
        STATE_CLOSED,
        STATE_HALF_OPEN,
        STATE_OPEN,
        CircuitBreaker,
        CircuitBreakerError,
        CircuitMemoryStorage,
    )

# In a row.
FAILURES = 5
OPEN_SECONDS = 5.0
VALUES = {STATE_CLOSED: 0.0, STATE_HALF_OPEN: 1.0, STATE_OPEN: 2.0}
Result = TypeVar("Result")


class _Failure(Exception):
    """Tells pybreaker of a failure that has already been seen."""


class BreakerOpen(PeerUnavailable):
    """The peer has failed too often and is not asked for now."""


class Breaker:
    """Opens after *failures* failures in a row, and lets one call through after *open_seconds*."""

    def __init__(self, *, failures: int = FAILURES, open_seconds: float = OPEN_SECONDS) -> None:
        self._storage = CircuitMemoryStorage(STATE_CLOSED)
        self._states: CircuitBreaker = CircuitBreaker(
            fail_max=failures,
            reset_timeout=open_seconds,
            state_storage=self._storage,
            throw_new_error_on_trip=False,
        )
        self._open_seconds = open_seconds
        self._lock = threading.Lock()
        self._trying = False

    def value(self) -> float:
        """The state as a number: 0 closed, 1 half open, 2 open."""
        return VALUES[self._states.current_state]

    def run(self, call: Callable[[], Result], *, is_failure: Callable[[Exception], bool]) -> Result:
        """What *call* returns or raises.

        Args:    is_failure: whether an exception speaks against the peer; one that does not is not counted at all.
        Raises:  BreakerOpen: *call* was not made.
        """
        trial = self._enter()
        try:
            result = call()
        except Exception as error:
            if is_failure(error):
                self._note(_fail)
            raise
        else:
            self._note(_pass)
            return result
        finally:
            if trial:
                self._trying = False

    def _enter(self) -> bool:
        """Whether the call that may now be made is the one that decides."""
        with self._lock:
            if self._states.current_state == STATE_CLOSED:
                return False
            left = self._seconds_left()
            if left > 0 or self._trying:
                raise BreakerOpen("failed too often of late", retry_after_seconds=max(1, math.ceil(left)))
            self._trying = True
            if self._states.current_state == STATE_OPEN:
                self._states.half_open()
            return True

    def _seconds_left(self) -> float:
        opened = self._storage.opened_at
        if self._states.current_state != STATE_OPEN or opened is None:
            return 0.0
        return self._open_seconds - (datetime.now(UTC) - opened).total_seconds()

    def _note(self, outcome: Callable[[], None]) -> None:
        # Refused while it is open: a call that began before it opened decides nothing any more.
        with suppress(_Failure, CircuitBreakerError):
            self._states.call(outcome)


def _fail() -> None:
    raise _Failure


def _pass() -> None:
    """A success."""
