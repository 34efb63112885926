"""Traces are bounded in number, and whole: what a caller records is recorded here."""

from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

from services.shared.sampling import Bounded, at_most


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def sampled(bound: Bounded, asked: int) -> int:
    """How many of *asked* new traces are recorded."""
    return sum(bound.should_sample(None, 1, "GET").decision.is_sampled() for _ in range(asked))


def test_so_many_a_second() -> None:
    """A burst of one second's worth, then as many as the time since then allows."""
    clock = Clock()
    bound = Bounded(10, clock=clock)
    assert sampled(bound, 50) == 10
    clock.now += 0.5
    assert sampled(bound, 50) == 5
    clock.now += 60
    assert sampled(bound, 50) == 10


def test_none_at_all() -> None:
    """A bound of 0 records what callers record, and nothing else."""
    assert sampled(Bounded(0), 5) == 0


def test_a_callers_decision_stands() -> None:
    """Whichever it is, and whatever the rate."""
    tracer = TracerProvider(sampler=at_most(0), shutdown_on_exit=False).get_tracer("test")
    for flags in (TraceFlags.SAMPLED, TraceFlags.DEFAULT):
        caller = SpanContext(trace_id=1, span_id=2, is_remote=True, trace_flags=TraceFlags(flags))
        span = tracer.start_span("GET", context=set_span_in_context(NonRecordingSpan(caller), Context()))
        assert span.get_span_context().trace_flags == flags
    assert not tracer.start_span("GET", context=Context()).is_recording()
