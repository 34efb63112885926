"""Records spans with OpenTelemetry's SDK and sends them by OTLP over HTTP; imported only where an endpoint is set.

A span holds the route and the class of traffic: no path, query, address, header or exception text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from services.shared import tracing
from services.shared.sampling import at_most
from services.shared.tracing import Trace, Tracing

if TYPE_CHECKING:
    from services.shared.config import Config
    from services.shared.observe import Observation

# A collector that is down must not hold up the end of the process for longer.
EXPORT_SECONDS = 2
_UNMATCHED = "unmatched"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTrace(Trace):
    """A trace in which *span* is being recorded here."""

    span: Span


class OtlpTracing(Tracing):
    """Spans of requests, of handled events and of calls to peers."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("tillwatch")

    @classmethod
    def to_endpoint(cls, config: "Config") -> "OtlpTracing":
        """Spans to the collector that *config* names, in batches, from a thread of their own.

        Each request is traced up to the rate that *config* names, and where the caller traces it in any case.
        """
        resource = Resource.create({"service.name": config.service, "service.version": config.version})
        provider = TracerProvider(resource=resource, sampler=at_most(config.traces_per_second))
        exporter = OTLPSpanExporter(endpoint=f"{config.otlp_endpoint}/v1/traces", timeout=EXPORT_SECONDS)
        provider.add_span_processor(BatchSpanProcessor(exporter, export_timeout_millis=EXPORT_SECONDS * 1000))
        return cls(provider)

    def begin(self, traceparent: str | None, tracestate: str | None, method: str) -> Trace:
        parent = tracing.parse(traceparent, tracestate)
        return self._recorded(self._tracer.start_span(method, context=_context(parent), kind=SpanKind.SERVER), parent)

    def end(self, trace: Trace, observation: "Observation") -> None:
        if not isinstance(trace, RecordedTrace):
            return
        span = trace.span
        span.set_attribute("http.request.method", observation.method)
        span.set_attribute("http.response.status_code", observation.status)
        span.set_attribute("tillwatch.traffic", observation.traffic)
        if observation.route != _UNMATCHED:
            span.update_name(f"{observation.method} {observation.route}")
            span.set_attribute("http.route", observation.route)
        if observation.status >= 500:
            _mark_failed(span, str(observation.status))
        span.end()

    @contextmanager
    def handling(self, name: str, traceparent: str | None, tracestate: str | None = None) -> Iterator[None]:
        parent = tracing.parse(traceparent, tracestate)
        with self._within(self._tracer.start_span(name, context=_context(parent), kind=SpanKind.CONSUMER), parent):
            yield

    @contextmanager
    def client_span(self, peer: str, operation: str) -> Iterator[None]:
        """A call to *peer* as a child of the current span."""
        parent = tracing.current.get()
        span = self._tracer.start_span(
            f"{peer} {operation}",
            context=_context(parent),
            kind=SpanKind.CLIENT,
            attributes={"peer.service": peer, "tillwatch.operation": operation},
        )
        with self._within(span, parent):
            yield

    def close(self) -> None:
        self._provider.shutdown()

    @contextmanager
    def _within(self, span: Span, parent: Trace | None) -> Iterator[None]:
        token = tracing.current.set(self._recorded(span, parent))
        try:
            yield
        except Exception as error:
            _mark_failed(span, type(error).__name__)
            raise
        finally:
            tracing.current.reset(token)
            span.end()

    def _recorded(self, span: Span, parent: Trace | None) -> RecordedTrace:
        made = span.get_span_context()
        trace_id, span_id = f"{made.trace_id:032x}", f"{made.span_id:016x}"
        return RecordedTrace(
            trace_id=trace_id,
            sampled=made.trace_flags.sampled,
            traceparent=f"00-{trace_id}-{span_id}-{made.trace_flags:02x}",
            tracestate=None if parent is None else parent.tracestate,
            span_id=span_id,
            recorder=self,
            span=span,
        )


def _context(parent: Trace | None) -> Context:
    """The SDK's form of *parent*; a new trace begins without one."""
    if parent is None:
        return Context()
    if isinstance(parent, RecordedTrace):
        return set_span_in_context(parent.span, Context())
    span_context = SpanContext(
        trace_id=int(parent.trace_id, 16),
        span_id=int(parent.traceparent.split("-")[2], 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED if parent.sampled else TraceFlags.DEFAULT),
    )
    return set_span_in_context(NonRecordingSpan(span_context), Context())


def _mark_failed(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
