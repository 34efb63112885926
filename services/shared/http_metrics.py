"""The HTTP metrics that every service's SLOs read, in the names of OpenTelemetry's conventions."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.shared.observe import Observation
from services.shared.traffic import PROBE, USER

# Seconds. Every latency SLO's threshold must be one of these: a histogram answers exactly only at a boundary.
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
# A counter that appears with its first error shows no increase to rate(): what SLIs read is there from the
# start at 0. 429 is among them because an overload's answers are bad events too, 504 because a payment without an
# answer is one.
SLI_CODES = (200, 429, 500, 503, 504)
SLI_CLASSES = ("2xx", "5xx")
SLI_TRAFFIC = (USER, PROBE)


def status_class(status: int) -> str:
    """`2xx` for 200, `5xx` for 503."""
    return f"{status // 100}xx"


class HttpMetrics:
    """Counts, times and gauges requests in *registry*; a sink of `Observer`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "http_server_requests",
            "Requests answered, by exact status code.",
            ("http_request_method", "http_route", "http_response_status_code", "traffic"),
            registry=registry,
        )
        self._active = Gauge("http_server_active_requests", "Requests that are being answered now.", registry=registry)
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Time from the request's arrival in the application to its answer.",
            ("http_request_method", "http_route", "http_response_status_class", "traffic"),
            buckets=BUCKETS,
            registry=registry,
        )

    def create_label_sets(self, routes: Iterable[tuple[str, str]]) -> None:
        """Create at 0 the series that SLIs read, for each (method, route)."""
        for method, route in routes:
            for traffic in SLI_TRAFFIC:
                for code in SLI_CODES:
                    self._requests.labels(method, route, str(code), traffic)
                for name in SLI_CLASSES:
                    self._duration.labels(method, route, name, traffic)

    def started(self) -> None:
        self._active.inc()

    def finished(self, observation: Observation) -> None:
        seen = observation
        self._active.dec()
        self._requests.labels(seen.method, seen.route, str(seen.status), seen.traffic).inc()
        # Shown to scrapers that ask for OpenMetrics; others do not see exemplars.
        exemplar = None if seen.exemplar is None else {"trace_id": seen.exemplar}
        self._duration.labels(seen.method, seen.route, status_class(seen.status), seen.traffic).observe(
            seen.seconds, exemplar
        )
