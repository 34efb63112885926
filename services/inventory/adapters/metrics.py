"""What the inventory tells of reservations and of stock, in series of bounded number."""

from collections import Counter as Units
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import case, func, select

from services.inventory.adapters.tables import STOCK
from services.inventory.domain import errors
from services.inventory.domain.reservation import Done, State
from services.shared import traffic
from services.shared.database import POSTGRESQL, Database
from services.shared.errors import DatabaseUnavailable

HELD = "held"
COMMITTED = "committed"
RELEASED = "released"
RETURNED = "returned"
EXTENDED = "extended"
REPEATED = "repeated"
OUT_OF_STOCK = "out_of_stock"
CONFLICT = "conflict"
CLOSED = "closed"
REFUSED = "refused"
OUTCOMES = (HELD, COMMITTED, RELEASED, RETURNED, EXTENDED, REPEATED, OUT_OF_STOCK, CONFLICT, CLOSED, REFUSED)

_DONE = {State.HELD: HELD, State.COMMITTED: COMMITTED, State.RELEASED: RELEASED, State.RETURNED: RETURNED}
_REFUSED: dict[type[errors.InventoryError], str] = {
    errors.OutOfStock: OUT_OF_STOCK,
    errors.ReservationConflict: CONFLICT,
    errors.ReservationClosed: CLOSED,
}
# A family is what a SKU begins with, KIT of KIT-1001; those beyond this number are one together.
MAX_FAMILIES = 30
OTHER = "other"


class ReservationMetrics:
    """`Outcomes` in *registry*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reservations = Counter(
            "shop_reservations",
            "Requests about reservations, by what came of them; repeated: it was so already.",
            ("outcome", "traffic"),
            registry=registry,
        )
        for outcome in OUTCOMES:
            for kind in (traffic.USER, traffic.PROBE):
                self._reservations.labels(outcome, kind)

    def done(self, done: Done) -> None:
        self._count(REPEATED if done.repeated else _DONE[done.reservation.state])

    def extended(self) -> None:
        self._count(EXTENDED)

    def refused(self, error: errors.InventoryError) -> None:
        self._count(_REFUSED.get(type(error), REFUSED))

    def _count(self, outcome: str) -> None:
        self._reservations.labels(outcome, traffic.current.get()).inc()


class StockCollector(Collector):
    """Units that can be bought and products that are sold out, asked of *database* at each scrape.

    Each replica shows the same figures: read them with `max`, never `sum`. A database that is down costs these
    metrics, not the page.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def describe(self) -> list[Metric]:
        """Names alone: nothing is read when the collector is registered."""
        return list(_families())

    def collect(self) -> Iterator[Metric]:
        try:
            units, sold_out = self._read()
        except DatabaseUnavailable:
            return
        available, out = _families()
        for family, each in _bounded(units).items():
            available.add_metric([family], each)
        for family, each in _bounded(sold_out).items():
            out.add_metric([family], each)
        yield available
        yield out

    def _read(self) -> tuple[Units[str], Units[str]]:
        dash = func.strpos if self._database.dialect == POSTGRESQL else func.instr
        family = func.substr(STOCK.c.sku, 1, dash(STOCK.c.sku + "-", "-") - 1)
        free = STOCK.c.on_hand - STOCK.c.reserved
        statement = select(
            family.label("family"),
            func.sum(free).label("units"),
            func.sum(case((free <= 0, 1), else_=0)).label("sold_out"),
        ).group_by(family)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        units = Units({row.family: int(row.units) for row in rows})
        return units, Units({row.family: int(row.sold_out) for row in rows})


def show_stock(registry: CollectorRegistry, database: Database) -> None:
    """Export the stock that *database* holds."""
    registry.register(StockCollector(database))


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily]:
    return (
        GaugeMetricFamily("shop_stock_available", "Units that can be bought.", labels=("family",)),
        GaugeMetricFamily("shop_stock_sold_out_products", "Products of which none can be bought.", labels=("family",)),
    )


def _bounded(figures: Units[str]) -> Units[str]:
    """*figures* of the first families by name, and the sum of all others."""
    found: Units[str] = Units()
    for place, family in enumerate(sorted(figures)):
        found[family if place < MAX_FAMILIES else OTHER] += figures[family]
    return found
