"""How often a wrong token may be tried: a few times at once, then ever more slowly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

FREE_TRIES = 3
LONGEST_SECONDS = 60.0


class Throttle:
    """Counts wrong tries, of whoever makes them: nobody can be told apart on one machine.

    A token cannot be guessed anyway; this keeps somebody from trying, at the price that its owner may have to wait.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong = 0
        self._until = 0.0
        self.refused = 0

    @property
    def seconds_left(self) -> float:
        """How long nobody's token is looked at."""
        with self._lock:
            return max(0.0, self._until - self._clock())

    def failed(self) -> None:
        """One more wrong try."""
        with self._lock:
            self._wrong += 1
            self.refused += 1
            if self._wrong > FREE_TRIES:
                self._until = self._clock() + min(LONGEST_SECONDS, 2.0 ** (self._wrong - FREE_TRIES))

    def succeeded(self) -> None:
        """The right one: begin anew."""
        with self._lock:
            self._wrong, self._until = 0, 0.0
