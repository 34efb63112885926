"""The catalog's own metrics."""

from prometheus_client import CollectorRegistry, Counter, Histogram

# Seconds. 60 is the objective's threshold; 120 tells "late" from "lost".
VISIBLE_BUCKETS = (0.5, 1, 5, 10, 30, 60, 120)


class PriceMetrics:
    """How long changed prices take to be seen, in *registry*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._visible = Histogram(
            "shop_price_change_visible_seconds",
            "Time from a price change until this process answers with it; each change once a process.",
            buckets=VISIBLE_BUCKETS,
            registry=registry,
        )

    def seen(self, seconds: float) -> None:
        """A change was seen after *seconds*."""
        self._visible.observe(seconds)


class CacheMetrics:
    """How often the shared cache was of no help, in *registry*."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._errors = Counter(
            "cache_errors", "Questions that the cache did not answer in time.", ("cache",), registry=registry
        )
        self._errors.labels("products")

    def failed(self) -> None:
        """The cache did not answer."""
        self._errors.labels("products").inc()
