"""What the PagerDuty stand-in counts, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.exposition import choose_encoder

# Taken · wrong, and not to be sent again · over the rate limit · lost on our side. The last two are tried again.
ACCEPTED = "accepted"
REFUSED = "refused"
LIMITED = "limited"
FAILED = "failed"
RESULTS = (ACCEPTED, REFUSED, LIMITED, FAILED)


class Metrics:
    """Events by what became of them, and incidents that are open, in a registry of their own."""

    def __init__(self, open_incidents: Callable[[], float]) -> None:
        self.registry = CollectorRegistry()
        self._events = Counter("pagerduty_events", "Events by result.", ("result",), registry=self.registry)
        for result in RESULTS:
            self._events.labels(result)
        gauge = Gauge("pagerduty_incidents_open", "Incidents that are not resolved.", registry=self.registry)
        gauge.set_function(open_incidents)

    def count(self, result: str) -> None:
        """One event more with this *result*."""
        self._events.labels(result).inc()


def metrics_page(metrics: Metrics) -> Blueprint:
    """`/metrics`, as plain text or OpenMetrics, whichever the scraper asks for."""
    pages = Blueprint("metrics", __name__)

    @pages.get("/metrics")
    def show() -> Response:
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return Response(encode(metrics.registry), content_type=content_type)

    return pages
