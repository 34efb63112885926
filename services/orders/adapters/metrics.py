"""The metrics of orders; what SLIs and the daily look at the shop read is there from the start at 0."""

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.orders.domain.order import Order, State
from services.shared.traffic import PROBE, USER

# Seconds. Five is the objective of a purchase.
CHECKOUT_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Seconds. Five minutes is the objective.
RESOLVED_BUCKETS = (1.0, 5.0, 15.0, 60.0, 300.0, 600.0, 3600.0)
CONFIRMED = "confirmed"
OTHER = "other"
OUTCOMES = (
    CONFIRMED,
    "unknown",
    "card_declined",
    "out_of_stock",
    "price_changed",
    "cart_used",
    "cart_changed",
    "cart_empty",
    "cart_not_found",
    "order_cancelled",
    "order_expired",
    "refused",
    "unavailable",
    "error",
    OTHER,
)
# The buyer's way, in this order; the first two are taken with the cart.
STEPS = ("cart", "item", "checkout", "reserved", "payment", CONFIRMED)
_STEP_OF = {
    State.PENDING: "checkout",
    State.RESERVED: "reserved",
    State.PAYING: "payment",
    State.CONFIRMED: CONFIRMED,
}


class OrderMetrics:
    """Counts what is committed. One a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._orders = Counter("shop_orders", "Orders that came into a state.", ("state", "traffic"), registry=registry)
        self._revenue = Counter(
            "shop_revenue_minor_units", "Totals of confirmed orders.", ("currency", "traffic"), registry=registry
        )
        self._funnel = Counter("shop_funnel", "Steps of buyers.", ("step", "traffic"), registry=registry)
        self._durations = Histogram(
            "shop_checkout_duration_seconds",
            "Time that a checkout took, by its answer.",
            ("outcome", "traffic"),
            buckets=CHECKOUT_BUCKETS,
            registry=registry,
        )
        self._resolved = Histogram(
            "shop_payment_unknown_resolved_seconds",
            "Time for which an order's payment was not known.",
            buckets=RESOLVED_BUCKETS,
            registry=registry,
        )
        for traffic in (USER, PROBE):
            for state in State:
                self._orders.labels(state.value, traffic)
            for step in STEPS:
                self._funnel.labels(step, traffic)
            for outcome in (CONFIRMED, "unknown", "unavailable", "error"):
                self._durations.labels(outcome, traffic)

    def moved(self, before: Order | None, after: Order) -> None:
        """An order is in another state, for good."""
        self._orders.labels(after.state.value, after.traffic).inc()
        if after.state in _STEP_OF:
            self._funnel.labels(_STEP_OF[after.state], after.traffic).inc()
        if after.state is State.CONFIRMED:
            self._revenue.labels(after.total.currency, after.traffic).inc(after.total.minor_units)
        if before is not None and before.state is State.PAYMENT_UNKNOWN and before.unknown_since_ms is not None:
            self._resolved.observe(max(0, after.updated_at_ms - before.unknown_since_ms) / 1000)

    def step(self, step: str, *, traffic: str) -> None:
        """A buyer has taken *step* of STEPS."""
        self._funnel.labels(step, traffic).inc()

    def checked_out(self, outcome: str, seconds: float, *, traffic: str) -> None:
        """A checkout was answered with *outcome*."""
        self._durations.labels(outcome if outcome in OUTCOMES else OTHER, traffic).observe(seconds)
