"""Metrics of calls to other services, once a registry, whichever peers share it."""

import threading
from collections.abc import Callable
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.shared.http_metrics import BUCKETS


class ClientMetrics:
    """Durations, retries and breaker states. `operation` is a name that a caller gives, never a path."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._durations = Histogram(
            "http_client_request_duration_seconds",
            "Time that one attempt at a call took, by its end.",
            ("peer_service", "operation", "outcome"),
            buckets=BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "client_retries", "Calls that were tried again.", ("peer_service", "operation"), registry=registry
        )
        self._breakers = Gauge(
            "circuit_breaker_state",
            "0 closed, 1 half open (one call tries), 2 open (no calls).",
            ("peer_service",),
            registry=registry,
        )

    def attempted(self, peer: str, operation: str, outcome: str, seconds: float) -> None:
        """One attempt has ended."""
        self._durations.labels(peer, operation, outcome).observe(seconds)

    def retried(self, peer: str, operation: str) -> None:
        """A call is about to be tried again."""
        self._retries.labels(peer, operation).inc()

    def show_breaker(self, peer: str, value: Callable[[], float]) -> None:
        """Export the state of the breaker of *peer*, read at each scrape."""
        self._breakers.labels(peer).set_function(value)


_lock = threading.Lock()
_of_registry: WeakKeyDictionary[CollectorRegistry, ClientMetrics] = WeakKeyDictionary()


def client_metrics(registry: CollectorRegistry) -> ClientMetrics:
    """The metrics in *registry*, made with the first peer."""
    with _lock:
        if registry not in _of_registry:
            _of_registry[registry] = ClientMetrics(registry)
        return _of_registry[registry]
