"""What the probes count and time, in the names that slo/specs/journeys.yaml and the dashboards read."""

from collections.abc import Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)

from synthetics.journey import Journey, Outcome

SERVICE = "journeys"
STEP_BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FRESHNESS_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
CLEANED = {True: "passed", False: "failed"}


def registry(environ: Mapping[str, str], *, location: str) -> CollectorRegistry:
    """A registry with the process's own figures, what is running (APP_VERSION, APP_REVISION), and where."""
    # One `_created` series beside each counter and histogram tells nobody anything.
    disable_created_metrics()
    found = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=found)
    labels = ("service", "version", "revision")
    build = Gauge("app_build_info", "What is running; always 1.", labels, registry=found)
    build.labels(SERVICE, environ.get("APP_VERSION") or "dev", environ.get("APP_REVISION") or "unknown").set(1)
    prober = Gauge("journey_prober_info", "Where the probes are walked from; always 1.", ("location",), registry=found)
    prober.labels(location).set(1)
    return found


class ProbeMetrics:
    """Counts the visits of *journeys* in *registry*. All series are there at once: rate() sees the first failure."""

    def __init__(self, registry: CollectorRegistry, journeys: Iterable[Journey]) -> None:
        self._attempts = Counter(
            "journey_attempts", "Visits of a journey that ended, by how.", ("journey", "outcome"), registry=registry
        )
        self._steps = Histogram(
            "journey_step_duration_seconds",
            "Time from a request of a step to its answer, or to its end without one.",
            ("journey", "step"),
            buckets=STEP_BUCKETS,
            registry=registry,
        )
        self._freshness = Histogram(
            "journey_freshness_seconds",
            "Time from a change of a price to the first reader who sees it.",
            buckets=FRESHNESS_BUCKETS,
            registry=registry,
        )
        self._last = Gauge(
            "journey_last_attempt_timestamp_seconds",
            "When a visit last ended, or the process began.",
            ("journey",),
            registry=registry,
        )
        self._clean_ups = Counter(
            "journey_clean_ups",
            "Times that what a visit left was cleared away.",
            ("journey", "outcome"),
            registry=registry,
        )
        self._skipped = Counter(
            "journey_attempts_skipped",
            "Turns at which the visit before was still under way.",
            ("journey",),
            registry=registry,
        )
        for journey in journeys:
            self._create(journey)

    def _create(self, journey: Journey) -> None:
        # Of one that is never walked, it is since the process began: a time of 0 would be no alert's.
        self._last.labels(journey.name).set_to_current_time()
        self._skipped.labels(journey.name)
        for outcome in Outcome:
            self._attempts.labels(journey.name, outcome.value)
        for name in dict.fromkeys(step.name for step in (*journey.steps, *journey.clean_up)):
            self._steps.labels(journey.name, name)
        for word in CLEANED.values() if journey.clean_up else ():
            self._clean_ups.labels(journey.name, word)

    def attempted(self, journey: str, outcome: Outcome, *, at: float, trace_id: str) -> None:
        """A visit ended *at* (Unix seconds). Its trace is the exemplar of the count."""
        self._attempts.labels(journey, outcome.value).inc(exemplar={"trace_id": trace_id})
        self._last.labels(journey).set(at)

    def step(self, journey: str, step: str, seconds: float, *, trace_id: str) -> None:
        """A request of a step is over."""
        self._steps.labels(journey, step).observe(seconds, {"trace_id": trace_id})

    def fresh(self, seconds: float) -> None:
        """A change of a price was seen."""
        self._freshness.observe(seconds)

    def cleaned(self, journey: str, *, passed: bool) -> None:
        """What a visit left was cleared away, or it was tried in vain."""
        self._clean_ups.labels(journey, CLEANED[passed]).inc()

    def skipped(self, journey: str) -> None:
        """The visit before was still under way."""
        self._skipped.labels(journey).inc()
