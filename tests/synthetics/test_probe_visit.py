"""What is timed and remembered of a probe's visit, with a clock and a shop that the test makes up."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from random import Random

import pytest
from prometheus_client import CollectorRegistry

from synthetics.journey import Journey, Outcome, RunIn, Step, Taken, Verdict, Visit, walk
from synthetics.probe_metrics import ProbeMetrics
from synthetics.probe_visit import AGAIN_SECONDS, ProbeVisit

PROBE = frozenset({RunIn.PROBE})


def step(name: str, **how: object) -> Step:
    """One whose answer nobody looks at."""
    return Step(name=name, path=lambda visit: "/", check=lambda visit, answer: None, **how)  # type: ignore[arg-type]


def journey(*steps: Step, name: str = "browse", within: float | None = None) -> Journey:
    """A probe of these steps."""
    return Journey(name=name, steps=steps, think_seconds=(0, 0), run_in=PROBE, within_seconds=within)


class Told:
    """A visit, what slept in it, and its registry."""

    def __init__(self, walked: Journey) -> None:
        self.slept: list[float] = []
        self.registry = CollectorRegistry()
        metrics = ProbeMetrics(self.registry, [walked])
        self.made = ProbeVisit(journey=walked, metrics=metrics, sleep=self.slept.append)

    def walk(self, *times: tuple[Verdict | None, float, float]) -> Outcome:
        """Each try ends as *times* says: verdict, when it began, when it ended."""
        left = iter(times)

        def take(step: Step, visit: Visit, last: bool) -> Taken:
            verdict, began, ended = next(left)
            self.made.told(step.name, None if verdict else "status 503, expected 200")
            return Taken(verdict=verdict, began=began, ended=ended)

        return walk(self.made.journey, Visit(random=Random(1)), self.made.timed(take, AGAIN_SECONDS))

    def value(self, name: str, **labels: str) -> float:
        """What the registry shows."""
        found = self.registry.get_sample_value(name, labels)
        assert found is not None, (name, labels)
        return found


def test_each_request_of_a_step_is_timed() -> None:
    """In the buckets that the dashboard reads."""
    told = Told(journey(step("home page"), step("see order", tries=3)))
    outcome = told.walk((Verdict.PASSED, 0, 0.2), (Verdict.AGAIN, 1, 1.01), (Verdict.PASSED, 2, 2.01))
    assert outcome is Outcome.PASSED
    count = "journey_step_duration_seconds_count"
    assert told.value(count, journey="browse", step="home page") == 1
    assert told.value(count, journey="browse", step="see order") == 2
    bucket = {"journey": "browse", "step": "home page"}
    assert told.value("journey_step_duration_seconds_bucket", le="0.1", **bucket) == 0
    assert told.value("journey_step_duration_seconds_bucket", le="0.25", **bucket) == 1


def test_it_pauses_before_the_same_is_asked_again_and_nowhere_else() -> None:
    """Whoever waits for an order asks twice a second; between two steps nobody thinks."""
    told = Told(journey(step("a"), step("b", tries=3)))
    told.walk((Verdict.PASSED, 0, 1), (Verdict.AGAIN, 1, 2), (Verdict.AGAIN, 2, 3), (Verdict.PASSED, 3, 4))
    assert told.slept == [AGAIN_SECONDS] * 2


def test_the_first_failure_is_what_is_said() -> None:
    """Not what failed while things were cleared away."""
    told = Told(journey(step("home page")))
    assert told.walk((None, 0, 1)) is Outcome.FAILED
    told.made.told("cancel what is left", "status 500, expected 200")
    said = told.made.ended(Outcome.FAILED, cleaned=False)
    assert (said.step, said.error, said.cleaned) == ("home page", "status 503, expected 200", False)


@pytest.mark.parametrize(
    ("steps", "times", "said"),
    [
        ((step("home page"),), ((Verdict.PASSED, 0, 0.7),), "home page took 0.70 s, expected 0.5 s at most"),
        (
            (step("check out"), step("see order", within_seconds=5, since="check out")),
            ((Verdict.PASSED, 0, 0.4), (Verdict.PASSED, 5.5, 5.75)),
            "see order took 5.75 s, expected 5 s at most",
        ),
    ],
    ids=["a step that is late", "a step that is late since another one began"],
)
def test_what_was_late_is_said(
    steps: tuple[Step, ...], times: tuple[tuple[Verdict, float, float], ...], said: str
) -> None:
    """With how long it took, and how long it may take; `walk` decides by the same numbers."""
    told = Told(journey(*steps, within=0.5))
    outcome = told.walk(*times)
    assert outcome is Outcome.SLOW
    assert told.made.ended(outcome, None).error == said


def test_how_fresh_a_price_is_counts_from_its_change() -> None:
    """To the end of the answer that shows it first; no other journey counts there."""
    steps = (step("change price"), step("see new price", tries=3, since="change price", within_seconds=60))
    times = ((Verdict.PASSED, 10, 10.2), (Verdict.AGAIN, 10.3, 10.4), (Verdict.PASSED, 11.2, 11.3))
    for name, count in (("freshness", 1), ("buy", 0)):
        told = Told(journey(*steps, name=name))
        told.walk(*times)
        assert told.value("journey_freshness_seconds_count") == count
        assert told.value("journey_freshness_seconds_sum") == pytest.approx(1.3 * count)


def test_the_requests_of_a_visit_are_in_one_trace() -> None:
    """Each a span of its own; sampled, in the form of W3C."""
    made = Told(journey(step("a"))).made
    first, second = (made.traceparent()["traceparent"] for _ in range(2))
    assert re.fullmatch(rf"00-{made.trace_id}-[0-9a-f]{{16}}-01", first)
    assert first != second


def test_the_line_is_json_and_short() -> None:
    """What somebody looks for: which journey and step, why, since when, and the trace."""
    said = Told(journey(step("a"))).made.ended(Outcome.PASSED, cleaned=None)
    line = replace(said, outcome=Outcome.FAILED, step="a", error="no answer").line(
        datetime(2026, 1, 2, tzinfo=UTC), "eu"
    )
    found = json.loads(line)
    assert (found["journey"], found["outcome"], found["step"], found["error"]) == ("browse", "failed", "a", "no answer")
    assert (found["at"], found["location"], found["clean_up"]) == ("2026-01-02T00:00:00+00:00", "eu", None)
    assert len(found["trace_id"]) == 32


def test_every_series_is_there_before_the_first_visit() -> None:
    """At 0, and clean-ups for what has one alone."""
    buying = replace(journey(step("pay"), name="buy"), clean_up=(step("cancel"),))
    registry = CollectorRegistry()
    ProbeMetrics(registry, [journey(step("look")), buying])
    value: Callable[..., float | None] = registry.get_sample_value
    assert {value("journey_attempts_total", {"journey": "buy", "outcome": each.value}) for each in Outcome} == {0}
    assert value("journey_step_duration_seconds_count", {"journey": "buy", "step": "cancel"}) == 0
    assert value("journey_clean_ups_total", {"journey": "buy", "outcome": "failed"}) == 0
    assert value("journey_clean_ups_total", {"journey": "browse", "outcome": "failed"}) is None
    assert value("journey_attempts_skipped_total", {"journey": "browse"}) == 0
