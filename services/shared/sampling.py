"""Which traces are recorded: those that a caller records, and of those that begin here so many a second at most."""

import threading
import time
from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState
from opentelemetry.util.types import Attributes

__all__ = ["Bounded", "at_most"]


class Bounded(Sampler):
    """Records up to *per_second* spans in each second, evenly; a burst of one second's worth may come at once.

    Args:    clock: monotonic seconds.
    """

    def __init__(self, per_second: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._left = float(per_second)
        self._looked = clock()
        self._lock = threading.Lock()

    def should_sample(  # the base class's
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether this one is still within the bound."""
        del parent_context, trace_id, name, kind, links
        return SamplingResult(Decision.RECORD_AND_SAMPLE if self._take() else Decision.DROP, attributes, trace_state)

    def get_description(self) -> str:
        """As it shows in the SDK's own messages."""
        return f"Bounded{{{self._per_second}/s}}"

    def _take(self) -> bool:
        with self._lock:
            now = self._clock()
            self._left = min(float(self._per_second), self._left + (now - self._looked) * self._per_second)
            self._looked = now
            if self._left < 1:
                return False
            self._left -= 1
            return True


def at_most(per_second: int) -> Sampler:
    """The sampler of a service: a trace that is recorded upstream is recorded here, whatever the rate."""
    return ParentBased(Bounded(per_second))
