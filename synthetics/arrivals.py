"""When visits begin: at random, as independent people come, however long the answers to those before them take."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

# What was missed in a longer stall, of the machine say, is not made up for: no stall is followed by a burst.
MAX_LATE_SECONDS = 2.0


@dataclass(slots=True, kw_only=True)
class Arrivals:
    """A Poisson process whose rate changes, by thinning: candidates come at the rate *highest*, and some are dropped.

    rate:   visits per second as they are to be now, at most *highest*, which is above 0.
    clock:  monotonic seconds. next_at: of the next candidate, by that clock.
    missed: visits that a stall swallowed, since somebody took their number.
    Source: Lewis and Shedler, "Simulation of nonhomogeneous Poisson processes by thinning", 1979.
    """

    rate: Callable[[], float]
    highest: float
    random: Random
    clock: Callable[[], float]
    next_at: float
    missed: float = 0.0

    def wait(self) -> float:
        """Seconds to sleep until the next candidate; counts it as come."""
        now = self.clock()
        self.next_at += self.random.expovariate(self.highest)
        if now - self.next_at > MAX_LATE_SECONDS:
            self.missed += (now - self.next_at) * self.rate()
            self.next_at = now
        return max(0.0, self.next_at - now)

    def take_missed(self) -> int:
        """How many visits a stall has swallowed since this was asked last."""
        found = int(self.missed)
        self.missed -= found
        return found

    def begins(self) -> bool:
        """Whether a visit begins with the candidate that has come now."""
        return self.random.random() * self.highest < self.rate()
