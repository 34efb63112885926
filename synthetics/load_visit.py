"""One visit under load: pauses, and the time that each step took, entered into the record of the process."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from synthetics.journey import Journey, Step, Take, Taken, Visit
from synthetics.record import Record

# Who waited for an answer so long when the run ended is counted with that; a shop that hangs would else end unseen.
WAITED_SECONDS = 1.0


@dataclass(slots=True, kw_only=True, eq=False)
class LoadVisit:
    """Takes the steps of *journey*.

    due:    when the visit was to begin, in monotonic seconds: what its first step took counts from there, however late
            the generator or its loop was. None: when it began.
    pause:  seconds before each step but the first of a visit that is *due*.
    """

    journey: Journey
    record: Record
    pause: Callable[[], float]
    sleep: Callable[[float], object]
    due: float | None = None
    error: str | None = None
    doing: str = ""
    since: float | None = None

    def told(self, step: str, error: str | None) -> None:
        """A request of *step* ended; *error*: why it failed."""
        self.error = error

    def timed(self, take: Take) -> Take:
        """*take*, with a pause before and its time entered after."""

        def timed(step: Step, visit: Visit, last: bool) -> Taken:
            due, self.due = self.due, None
            if due is None:
                self.sleep(self.pause())
            self.doing, self.since = step.name, time.monotonic() if due is None else due
            taken = take(step, visit, last)
            began = taken.began if due is None else due
            self._enter(taken.ended - began, self.error)
            self.since = None
            return taken

        return timed

    def cut_off(self) -> None:
        """The run ends with this visit under way."""
        self.record.cut_off += 1
        if self.since is not None and (waited := time.monotonic() - self.since) > WAITED_SECONDS:
            self._enter(waited, None)

    def failed(self, error: str) -> None:
        """The step under way failed for a reason of its own."""
        self._enter(0.0 if self.since is None else time.monotonic() - self.since, error)

    def _enter(self, seconds: float, error: str | None) -> None:
        self.record.step(self.journey.name, self.doing, at=time.time(), seconds=seconds, error=error)
