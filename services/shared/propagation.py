"""What goes on with a request to other services, at once or through the outbox: its trace, id and traffic class."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from services.shared import request_id, tracing, traffic

_TRAFFIC = "traffic"
_REQUEST_ID = "request_id"


def headers(traffic_key: str | None, *, now: float | None = None) -> dict[str, str]:
    """The headers that a peer gets from what this thread is doing."""
    found = {request_id.HEADER: request_id.current.get() or request_id.choose(None)}
    if (trace := tracing.current.get()) is not None:
        found[tracing.TRACEPARENT] = trace.traceparent
        if trace.tracestate is not None:
            found[tracing.TRACESTATE] = trace.tracestate
    baggage = traffic.carried(traffic_key, now=time.time() if now is None else now)
    if baggage is not None:
        found[traffic.BAGGAGE] = baggage
    return found


def stored() -> dict[str, str]:
    """What an event is stored with, so that whoever handles it goes on where this thread was: `Event.context`."""
    found = {}
    if (identifier := request_id.current.get()) is not None:
        found[_REQUEST_ID] = identifier
    if (trace := tracing.current.get()) is not None:
        found[tracing.TRACEPARENT] = trace.traceparent
        if trace.tracestate is not None:
            found[tracing.TRACESTATE] = trace.tracestate
    if (kind := traffic.current.get()) != traffic.USER:
        # Plain, as our own database is believed; a peer gets it signed.
        found[_TRAFFIC] = kind
    return found


@contextmanager
def resumed(
    context: Mapping[str, str], *, name: str = "event", recorder: tracing.Tracing | None = None
) -> Iterator[None]:
    """Do what is inside where `stored` was called; *name* is the span's, where *recorder* records one."""
    kind = context.get(_TRAFFIC, traffic.USER)
    identity = request_id.current.set(request_id.choose(context.get(_REQUEST_ID)))
    class_ = traffic.current.set(kind if kind in traffic.CLASSES else traffic.USER)
    try:
        chosen = recorder or tracing.Tracing()
        with chosen.handling(name, context.get(tracing.TRACEPARENT), context.get(tracing.TRACESTATE)):
            yield
    finally:
        traffic.current.reset(class_)
        request_id.current.reset(identity)
