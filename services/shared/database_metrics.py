"""How long statements take and how full the connection pool is, in the names of OpenTelemetry's conventions."""

import time
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

BUCKETS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5)
OPERATIONS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN"})
_BEGAN = "tillwatch_began"


class DatabaseMetrics:
    """Metrics of *engine* in *registry*; one an engine and registry."""

    def __init__(self, registry: CollectorRegistry, engine: Engine, pool_size: int) -> None:
        self._durations = Histogram(
            "db_client_operation_duration_seconds",
            "Time that a statement took, by its kind.",
            ("operation",),
            buckets=BUCKETS,
            registry=registry,
        )
        self._waits = Histogram(
            "db_client_connection_wait_time_seconds",
            "Time until a connection was free.",
            buckets=BUCKETS,
            registry=registry,
        )
        self._timeouts = Counter(
            "db_client_connection_timeouts", "Requests that got no connection in time.", registry=registry
        )
        count = Gauge(
            "db_client_connection_count", "Connections of the pool, by what they do.", ("state",), registry=registry
        )
        pool = engine.pool
        if isinstance(pool, QueuePool):
            count.labels("used").set_function(pool.checkedout)
            count.labels("idle").set_function(pool.checkedin)
        most = Gauge("db_client_connection_max", "Connections that the pool may hold.", registry=registry)
        most.set(pool_size)
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def waited(self, seconds: float) -> None:
        """A connection was free after *seconds*."""
        self._waits.observe(seconds)

    def timed_out(self) -> None:
        """None was free in time."""
        self._timeouts.inc()

    def _before(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        connection.info[_BEGAN] = time.perf_counter()

    def _after(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        word = statement.lstrip().split(" ", 1)[0].upper()
        operation = word if word in OPERATIONS else "OTHER"
        self._durations.labels(operation).observe(time.perf_counter() - connection.info[_BEGAN])
