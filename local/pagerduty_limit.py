"""How many events PagerDuty takes in a minute."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from collections.abc import Callable

# "approximately 120 calls/minute per integration key … over a 60 second window looking back from the current time"
# Source: https://github.com/PagerDuty/developer-docs/blob/main/docs/events-API-v2/05-Rate-Limits.md
EVENTS_PER_MINUTE = 120
WINDOW_SECONDS = 60.0


class RateLimit:
    """Counts what came with each integration key in the last minute.

    What was refused for the limit does not count, so that whoever tries again gets through at the limit's pace.
    """

    def __init__(self, *, clock: Callable[[], float], per_minute: int = EVENTS_PER_MINUTE) -> None:
        """*clock*: monotonic seconds."""
        self._clock = clock
        self._per_minute = per_minute
        self._lock = threading.Lock()
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def takes(self, key: str, *, at_most: int | None = None) -> bool:
        """Whether one more event of *key* is within the limit; then it counts. *at_most*: a lower limit."""
        now = self._clock()
        limit = self._per_minute if at_most is None else min(at_most, self._per_minute)
        with self._lock:
            times = self._taken[key]
            while times and times[0] <= now - WINDOW_SECONDS:
                times.popleft()
            if len(times) >= limit:
                return False
            times.append(now)
            return True
