"""One visit of a probe: what is counted and timed on the way, and what is said of it at its end."""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from synthetics.journey import Journey, Outcome, Step, Take, Taken, Verdict, Visit
from synthetics.probe_metrics import ProbeMetrics

# Between two tries of a step that waits for something: ten of them are the five seconds that a shopper gives an order.
AGAIN_SECONDS = 0.5
FRESHNESS = "freshness"


class VisitOver(BaseException):
    """A visit took its whole time; nothing on the way may take this for the failure of one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """How a visit of *journey* ended, and why not well: in which *step*, by which *error*.

    cleaned: whether what it left was cleared away; None: it leaves nothing.
    """

    journey: str
    outcome: Outcome
    seconds: float
    trace_id: str
    step: str = ""
    error: str = ""
    cleaned: bool | None = None

    def line(self, at: datetime, location: str) -> str:
        """All of it as one line of JSON."""
        said = {
            "at": at.isoformat(timespec="seconds"),
            "journey": self.journey,
            "outcome": self.outcome.value,
            "step": self.step or None,
            "error": self.error or None,
            "seconds": round(self.seconds, 3),
            "clean_up": None if self.cleaned is None else ("passed" if self.cleaned else "failed"),
            "location": location,
            "trace_id": self.trace_id,
        }
        return json.dumps(said)


@dataclass(slots=True, kw_only=True)
class ProbeVisit:
    """Takes the steps of *journey*, all of them in one trace.

    step, error: the first that failed, and why. slow: the first that was late. doing: the step under way.
    """

    journey: Journey
    metrics: ProbeMetrics
    sleep: Callable[[float], object]
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    began: float = field(default_factory=time.monotonic)
    step: str = ""
    error: str = ""
    slow: str = ""
    doing: str = ""
    _before: Step | None = None
    _begun: dict[str, float] = field(default_factory=dict)

    def traceparent(self) -> dict[str, str]:
        """The header by which a request of this visit is found among the traces: W3C, sampled."""
        return {"traceparent": f"00-{self.trace_id}-{secrets.token_hex(8)}-01"}

    def told(self, step: str, error: str | None) -> None:
        """A request of *step* ended; *error*: why it failed."""
        if error is not None and not self.error:
            self.step, self.error = step, error

    def timed(self, take: Take, again_seconds: float) -> Take:
        """*take*, with each request timed, and a pause before the same is asked again."""

        def timed(step: Step, visit: Visit, last: bool) -> Taken:
            if step is self._before:
                self.sleep(again_seconds)
            self._before, self.doing = step, step.name
            taken = take(step, visit, last)
            self.metrics.step(self.journey.name, step.name, taken.ended - taken.began, trace_id=self.trace_id)
            self._note(step, taken)
            return taken

        return timed

    def _note(self, step: Step, taken: Taken) -> None:
        """Which step was late first, and how long after its change a new price was there."""
        since = self._begun.setdefault(step.name, taken.began)
        since = self._begun.get(step.since, since)
        took = taken.ended - since
        limit = self.journey.within_seconds if step.within_seconds is None else step.within_seconds
        if limit is not None and took > limit and not self.slow:
            self.slow = f"{step.name} took {took:.2f} s, expected {limit:g} s at most"
        if taken.verdict is Verdict.PASSED and self.journey.name == FRESHNESS and step.since:
            self.metrics.fresh(took)

    def ended(self, outcome: Outcome, cleaned: bool | None) -> Visited:
        """What is said of it."""
        is_slow = outcome is Outcome.SLOW
        return Visited(
            journey=self.journey.name,
            outcome=outcome,
            seconds=time.monotonic() - self.began,
            trace_id=self.trace_id,
            step="" if is_slow else self.step,
            error=self.slow if is_slow else self.error,
            cleaned=cleaned,
        )
