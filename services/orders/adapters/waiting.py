"""What waits, read from the database at each scrape: it shows whether a worker runs or not."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from services.orders.adapters.tables import ORDERS
from services.orders.domain.order import State
from services.shared import outbox
from services.shared.database import Database
from services.shared.errors import DatabaseUnavailable

_HELP = {
    "shop_payment_unknown_count": "Orders whose payment is not known now.",
    "shop_payment_unknown_oldest_seconds": "For how long the oldest of them is; 0 when there is none.",
    "shop_outbox_oldest_seconds": "Age of the oldest event that is not delivered; 0 when there is none.",
}


def show_waiting(registry: CollectorRegistry, database: Database, *, now: Callable[[], float]) -> None:
    """Export it. Each replica shows the same: read it with `max`, never `sum`. now: Unix seconds."""
    registry.register(_Waiting(database, now))


class _Waiting(Collector):
    """A database that is down costs these metrics, not the page."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def describe(self) -> list[Metric]:
        """Names alone: nothing is read when the collector is registered."""
        return [GaugeMetricFamily(name, text) for name, text in _HELP.items()]

    def collect(self) -> Iterator[Metric]:
        now_ms = int(self._now() * 1000)
        unknown = select(func.count(), func.min(ORDERS.c.unknown_since_ms)).where(
            ORDERS.c.state == State.PAYMENT_UNKNOWN.value
        )
        try:
            with self._database.reading() as connection:
                count, since_ms = connection.execute(unknown).one()
                outbox_seconds = outbox.oldest_seconds(connection, now_ms=now_ms)
        except DatabaseUnavailable:
            return
        oldest = 0.0 if since_ms is None else max(0, now_ms - since_ms) / 1000
        for (name, text), value in zip(_HELP.items(), (count, oldest, outbox_seconds), strict=True):
            yield GaugeMetricFamily(name, text, value=value)
