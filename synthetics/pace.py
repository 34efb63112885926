"""When a user sends its next request: at a share of a fixed rate, or after thinking for a while."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Pace:
    """Spaces one user's requests *interval_seconds* apart, by *clock* (monotonic seconds).

    A slow answer does not lower the rate unless it takes longer than the interval; what was missed then is
    not made up for, so that a stall is never followed by a burst.
    """

    interval_seconds: float
    clock: Callable[[], float]
    next_at: float

    def wait(self) -> float:
        """Seconds to sleep before the next request; counts that request as sent."""
        now = self.clock()
        start = max(now, self.next_at)
        self.next_at = start + self.interval_seconds
        return start - now
