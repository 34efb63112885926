"""What pages are looked at, and how fast and sound they are in people's browsers."""

from collections.abc import Collection

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.shared.traffic import PROBE, USER
from services.storefront.domain.ports import CLS

# Reported in milliseconds, kept in seconds.
TIMES = ("LCP", "INP", "FCP", "TTFB")
# The bounds of "good" and "poor" are among them: LCP 2.5 and 4 s, INP 0.2 and 0.5 s, FCP 1.8 and 3 s, TTFB 0.8 and
# 1.8 s; CLS 0.1 and 0.25. Source: https://web.dev/articles/vitals
VITAL_BUCKETS = (0.1, 0.2, 0.5, 0.8, 1.8, 2.5, 3.0, 4.0, 8.0)
SHIFT_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0)


class PageMetrics:
    """Counts by page, which is a route's rule. One a registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.pages: frozenset[str] = frozenset()
        self._views = Counter("shop_page_views", "Pages that were shown.", ("page", "traffic"), registry=registry)
        self._vitals = Histogram(
            "rum_web_vital_seconds",
            "Core Web Vitals that are times, as browsers report them.",
            ("vital", "page"),
            buckets=VITAL_BUCKETS,
            registry=registry,
        )
        self._shifts = Histogram(
            "rum_cumulative_layout_shift",
            "Cumulative layout shift, a score without a unit, as browsers report it.",
            ("page",),
            buckets=SHIFT_BUCKETS,
            registry=registry,
        )
        self._errors = Counter("rum_js_errors", "Errors of scripts in browsers.", ("page",), registry=registry)

    def create_label_sets(self, pages: Collection[str]) -> None:
        """Create at 0 what SLIs and alerts read of *pages*; no other page is known from then on."""
        self.pages = frozenset(pages)
        for page in pages:
            self._errors.labels(page)
            for traffic in (USER, PROBE):
                self._views.labels(page, traffic)

    def viewed(self, page: str, *, traffic: str) -> None:
        """A page was shown."""
        self._views.labels(page, traffic).inc()

    def vital(self, name: str, value: float, *, page: str) -> None:
        """A browser has measured *value*: milliseconds, for CLS a score."""
        if name == CLS:
            self._shifts.labels(page).observe(value)
        else:
            self._vitals.labels(name, page).observe(value / 1000)

    def failed(self, errors: int, *, page: str) -> None:
        """So many scripts have failed."""
        self._errors.labels(page).inc(errors)
