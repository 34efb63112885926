"""Watches every request once, around the whole application, and tells the sinks (metrics, log, trace) what it saw.

It stands outside Flask so that each answer is counted exactly once, whatever fails inside.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from services.shared import deadline, request_id, tracing, traffic

if TYPE_CHECKING:
    from _typeshed import OptExcInfo
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Set by the application once it has routed a request, read here when the answer is there.
ROUTE_KEY = "tillwatch.route"
UNMATCHED = "unmatched"
OTHER_METHOD = "_OTHER"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
# For the platform, not for customers: counted as requests they would thin the error ratio.
OPERATIONAL_PATHS = frozenset({"/metrics", "/livez", "/readyz", "/internal/faults"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One answered request, in labels of bounded number: never a raw path, an unknown method or an id.

    exemplar: the id of its trace, where that is sampled; no label.
    """

    method: str
    route: str
    status: int
    traffic: str
    seconds: float
    exemplar: str | None = None


class Sink(Protocol):
    """Whoever wants to know about requests."""

    def started(self) -> None: ...

    def finished(self, observation: Observation) -> None: ...


class Observer:
    """WSGI application around *app*: gives each request its id, times it, and reports it to *sinks*.

    Args:    traffic_of: tells whose traffic a request is. tracer: makes its trace.
    """

    def __init__(
        self,
        app: "WSGIApplication",
        *,
        sinks: Sequence[Sink],
        clock: Callable[[], float] = time.perf_counter,
        traffic_of: "Callable[[WSGIEnvironment], str] | None" = None,
        tracer: tracing.Tracing | None = None,
    ) -> None:
        self._app = app
        self._sinks = sinks
        self._clock = clock
        self._traffic_of = traffic_of or _users
        self._tracer = tracer or tracing.Tracing()

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; its duration ends when the answer is made, so a slow reader costs no SLO."""
        identifier = request_id.choose(environ.get("HTTP_X_REQUEST_ID"))
        token = request_id.current.set(identifier)
        # An answer that never starts, because the application raised, is the server's fault.
        status = [500]

        def respond(
            line: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
        ) -> Callable[[bytes], object]:
            status[0] = int(line.split(" ", 1)[0])
            return start_response(line, [*headers, (request_id.HEADER, identifier)], exc_info)

        try:
            if environ.get("PATH_INFO") in OPERATIONAL_PATHS:
                return self._app(environ, respond)
            with deadline.request():
                return self._observed(environ, respond, status)
        finally:
            request_id.current.reset(token)

    def _observed(self, environ: "WSGIEnvironment", respond: "StartResponse", status: list[int]) -> Iterable[bytes]:
        kind = self._traffic_of(environ)
        method = environ["REQUEST_METHOD"] if environ["REQUEST_METHOD"] in METHODS else OTHER_METHOD
        trace = self._tracer.begin(environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE"), method)
        traffic_token, trace_token = traffic.current.set(kind), tracing.current.set(trace)
        for sink in self._sinks:
            sink.started()
        began = self._clock()
        try:
            return self._app(environ, respond)
        finally:
            observation = Observation(
                method=method,
                route=environ.get(ROUTE_KEY, UNMATCHED),
                status=status[0],
                traffic=kind,
                seconds=self._clock() - began,
                exemplar=trace.trace_id if trace.sampled else None,
            )
            for sink in self._sinks:
                sink.finished(observation)
            self._tracer.end(trace, observation)
            tracing.current.reset(trace_token)
            traffic.current.reset(traffic_token)


def _users(environ: "WSGIEnvironment") -> str:
    """Whose traffic it is where nobody can prove anything else."""
    del environ
    return traffic.USER
