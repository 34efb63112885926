"""The gateway's own metrics; what the SLIs and the daily look at payments read is there from the start at 0."""

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.payments.domain.methods import DECLINE_CODES
from services.payments.domain.operation import AUTHORISE, DECLINED, DONE, OPERATIONS, REFUSED, REPEATED
from services.shared import outbox
from services.shared.database import Database
from services.shared.errors import DatabaseUnavailable
from services.shared.traffic import PROBE, USER

# No operation comes to a decline but an authorisation.
OUTCOMES = (DONE, REPEATED, REFUSED)
NO_CODE = "none"
# Seconds; the objective is 60.
DELIVERY_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0)


class PaymentMetrics:
    """Counts what the gateway has answered in *registry*. Replays of a stored answer are counted by their key."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._payments = Counter(
            "shop_payments",
            "Payment operations, by what came of them.",
            ("operation", "outcome", "decline_code", "traffic"),
            registry=registry,
        )
        for traffic in (USER, PROBE):
            for operation in OPERATIONS:
                for outcome in OUTCOMES:
                    self._payments.labels(operation, outcome, NO_CODE, traffic)
            for code in DECLINE_CODES:
                self._payments.labels(AUTHORISE, DECLINED, code, traffic)

    def count(self, operation: str, outcome: str, *, traffic: str, decline_code: str | None = None) -> None:
        """One more; each of the words is of a bounded number."""
        self._payments.labels(operation, outcome, decline_code or NO_CODE, traffic).inc()


def delivery_seconds(registry: CollectorRegistry) -> Callable[[float], None]:
    """Takes the seconds from what happened to when its webhook had arrived."""
    histogram = Histogram(
        "shop_event_delivery_seconds",
        "Time from an event to its delivery.",
        buckets=DELIVERY_BUCKETS,
        registry=registry,
    )
    return histogram.observe


def show_outbox_age(registry: CollectorRegistry, database: Database, *, now: Callable[[], float] = time.time) -> None:
    """Export the age of the oldest webhook that waits, read at each scrape: it grows whether a worker runs or not."""
    registry.register(_OutboxAge(database, now))


class _OutboxAge(Collector):
    """A database that is down costs this metric, not the page."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def describe(self) -> list[Metric]:
        """The name alone: nothing is read when the collector is registered."""
        return [self._family()]

    def collect(self) -> Iterator[Metric]:
        try:
            with self._database.reading() as connection:
                seconds = outbox.oldest_seconds(connection, now_ms=int(self._now() * 1000))
        except DatabaseUnavailable:
            return
        family = self._family()
        family.add_metric((), seconds)
        yield family

    def _family(self) -> GaugeMetricFamily:
        return GaugeMetricFamily(
            "shop_outbox_oldest_seconds", "Age of the oldest event that is not delivered; 0: none waits."
        )
