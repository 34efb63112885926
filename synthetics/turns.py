"""When each probe has its turn: once in so many seconds each, the journeys spread evenly over them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


def spread(names: Sequence[str], every_seconds: float) -> dict[str, float]:
    """How long after the start each of *names* has its first turn."""
    return {name: place * every_seconds / len(names) for place, name in enumerate(names)}


@dataclass(slots=True, kw_only=True)
class Turns:
    """The turns of one journey, by *clock* (monotonic seconds). next_at: of the next one."""

    every_seconds: float
    clock: Callable[[], float]
    next_at: float

    def wait(self) -> float:
        """Seconds to sleep until the next turn; counts it as come.

        What was missed in a stall, of the machine say, is left out: the turns after it keep their place.
        """
        now = self.clock()
        if now > self.next_at:
            self.next_at += (now - self.next_at) // self.every_seconds * self.every_seconds
        wait = max(0.0, self.next_at - now)
        self.next_at += self.every_seconds
        return wait
