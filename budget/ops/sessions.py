"""Who is signed in, in this process's memory: what has ended here is over, whoever kept a copy of its cookie."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable

SESSION_SECONDS = 12 * 3600.0
"""A shift."""
MOST_SESSIONS = 100
"""People and their browsers; whoever signs in after that ends the oldest."""


class Sessions:
    """Each by a random id, with the moment of its sign-in."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}

    def begin(self) -> str:
        """The id of a new one, that lasts for `SESSION_SECONDS` from now on, whatever is done in it."""
        found = secrets.token_urlsafe(24)
        with self._lock:
            while len(self._begun) >= MOST_SESSIONS:
                del self._begun[next(iter(self._begun))]
            self._begun[found] = self._clock()
        return found

    def end(self, session: str) -> None:
        """It is over, if it ever was."""
        with self._lock:
            self._begun.pop(session, None)

    def goes_on(self, session: str) -> bool:
        """Whether it has begun here, and is not over."""
        with self._lock:
            begun = self._begun.get(session)
            return begun is not None and self._clock() - begun < SESSION_SECONDS
