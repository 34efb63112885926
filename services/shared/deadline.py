"""How long whoever asked is still waiting: work begun after that is done for nobody.

The header `Request-Timeout-Ms` is believed from services alone: from anybody, it would let a stranger turn our answers
into 503s, and the error budget into theirs to spend.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token

from services.shared.errors import DeadlineExceeded

HEADER = "Request-Timeout-Ms"
MAX_SECONDS = 60.0

# When the request of this thread is over, in time.monotonic's seconds; None without a limit.
_until: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining() -> float | None:
    """Seconds that are left, 0 when it is over; None when nobody has set a limit."""
    until = _until.get()
    return None if until is None else max(0.0, until - time.monotonic())


def check() -> None:
    """Return while there is time.

    Raises:  DeadlineExceeded: 503 with Retry-After, unless the caller catches it.
    """
    if remaining() == 0:
        raise DeadlineExceeded("the caller has stopped waiting")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Allow what is inside *seconds* at most; a nearer limit from outside stays."""
    token = shorten(seconds)
    try:
        yield
    finally:
        _until.reset(token)


def shorten(seconds: float) -> Token[float | None]:
    """Bring the limit of this context to *seconds* from now, or leave it where it is nearer."""
    until, wanted = _until.get(), time.monotonic() + seconds
    return _until.set(wanted if until is None else min(until, wanted))


@contextmanager
def request() -> Iterator[None]:
    """A request's own context: no limit at its begin, and none left behind."""
    token = _until.set(None)
    try:
        yield
    finally:
        _until.reset(token)


def parse(header: str | None) -> float | None:
    """Seconds that a caller's *header* grants, at most MAX_SECONDS; None for no header or no whole number."""
    if header is None or not (header.isascii() and header.isdigit() and len(header) <= 9):
        return None
    return min(int(header) / 1000, MAX_SECONDS)
