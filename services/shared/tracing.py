"""Which trace a request belongs to (W3C Trace Context), with or without anybody who records it.

Without an OTLP endpoint nothing of OpenTelemetry is imported: the ids still go through logs, problems and peers, and a
`traceparent` that came in goes out unchanged, so that a trace of others is not torn apart. `otlp` records spans.

Source:  W3C Trace Context, https://www.w3.org/TR/trace-context/
"""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from services.shared.config import Config
    from services.shared.observe import Observation

TRACEPARENT = "traceparent"
TRACESTATE = "tracestate"
_SAMPLED = 0x01
_MAX_STATE_LENGTH = 512
_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[\x21-\x7e]*)?", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)


class Recorder(Protocol):
    """Whoever makes spans for what a service does on its own account."""

    def client_span(self, peer: str, operation: str) -> AbstractContextManager[None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Where in which trace this thread is. *traceparent* and *tracestate* are the headers that a peer gets.

    recorder: makes further spans; None while nobody records. span_id: of the span that is recorded here.
    """

    trace_id: str
    sampled: bool
    traceparent: str
    tracestate: str | None = None
    span_id: str | None = None
    recorder: Recorder | None = None


# Of the request that this thread is answering, or of the event that it is handling.
current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def parse(traceparent: str | None, tracestate: str | None = None) -> Trace | None:
    """The trace that a request's headers name; None for none, or one that the standard calls invalid."""
    if traceparent is None or len(traceparent) > 128 or (found := _FORM.fullmatch(traceparent)) is None:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or not (trace_id.strip("0") and parent_id.strip("0")):
        return None
    if tracestate is not None and (len(tracestate) > _MAX_STATE_LENGTH or _PRINTABLE.fullmatch(tracestate) is None):
        tracestate = None
    return Trace(
        trace_id=trace_id,
        sampled=bool(int(flags, 16) & _SAMPLED),
        traceparent=traceparent,
        tracestate=tracestate or None,
    )


def fresh() -> Trace:
    """A trace of its own that nobody samples: its id ties the log lines of several services together."""
    ids = os.urandom(24).hex()
    return Trace(trace_id=ids[:32], sampled=False, traceparent=f"00-{ids[:32]}-{ids[32:]}-00")


class Tracing:
    """Carries traces on and records nothing: what a service runs with while no endpoint is set."""

    def begin(self, traceparent: str | None, tracestate: str | None, method: str) -> Trace:
        """The trace of a request that has come in with these headers."""
        del method
        return parse(traceparent, tracestate) or fresh()

    def end(self, trace: Trace, observation: "Observation") -> None:
        """The request is answered."""

    @contextmanager
    def handling(self, name: str, traceparent: str | None, tracestate: str | None = None) -> Iterator[None]:
        """Do what is inside as part of the trace of an event that was stored with it."""
        del name
        token = current.set(parse(traceparent, tracestate) or fresh())
        try:
            yield
        finally:
            current.reset(token)

    def close(self) -> None:
        """Send what has not been sent yet."""


@contextmanager
def client_span(peer: str, operation: str) -> Iterator[None]:
    """A call to *peer* within the current trace, as a span of its own where spans are recorded."""
    trace = current.get()
    if trace is None or trace.recorder is None:
        yield
        return
    with trace.recorder.client_span(peer, operation):
        yield


def tracing_of(config: "Config") -> Tracing:
    """Spans to the OTLP endpoint that *config* names, or none at all and none of its cost."""
    if config.otlp_endpoint is None:
        return Tracing()
    # A fifth of a second and six megabytes that a service without an endpoint is spared.
    from services.shared.otlp import OtlpTracing  # noqa: PLC0415

    return OtlpTracing.to_endpoint(config)
