"""Watches every request once, around the whole application, and tells the sinks (metrics, log) what it saw.

It stands outside Flask so that each answer is counted exactly once, whatever fails inside.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from werkzeug.datastructures import EnvironHeaders

from services.shared import request_id
from services.shared.traffic import traffic_of

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
    """One answered request, in labels of bounded number: never a raw path, an unknown method or an id."""

    method: str
    route: str
    status: int
    traffic: str
    seconds: float


class Sink(Protocol):
    """Whoever wants to know about requests."""

    def started(self) -> None: ...

    def finished(self, observation: Observation) -> None: ...


class Observer:
    """WSGI application around *app*: gives each request its id, times it, and reports it to *sinks*."""

    def __init__(
        self, app: "WSGIApplication", *, sinks: Sequence[Sink], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app = app
        self._sinks = sinks
        self._clock = clock

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
            return self._observed(environ, respond, status)
        finally:
            request_id.current.reset(token)

    def _observed(self, environ: "WSGIEnvironment", respond: "StartResponse", status: list[int]) -> Iterable[bytes]:
        traffic = traffic_of(EnvironHeaders(environ))
        for sink in self._sinks:
            sink.started()
        began = self._clock()
        try:
            return self._app(environ, respond)
        finally:
            method = environ["REQUEST_METHOD"]
            observation = Observation(
                method=method if method in METHODS else OTHER_METHOD,
                route=environ.get(ROUTE_KEY, UNMATCHED),
                status=status[0],
                traffic=traffic,
                seconds=self._clock() - began,
            )
            for sink in self._sinks:
                sink.finished(observation)
