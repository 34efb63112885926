"""A visit under load: what its steps took counts from when it was due, and nobody who waits in vain is forgotten."""

import time
from random import Random

import pytest

from synthetics.journey import Journey, Outcome, RunIn, Step, Taken, Verdict, Visit, walk
from synthetics.load_visit import LoadVisit
from synthetics.record import Record


def step(name: str) -> Step:
    """A step that is always right."""
    return Step(name=name, path=lambda visit: "/", check=lambda visit, answer: None)


WALK = Journey(
    name="walk", run_in=frozenset({RunIn.LOAD}), think_seconds=(1.0, 1.0), steps=(step("first"), step("second"))
)


def made(record: Record, slept: list[float], due: float | None) -> LoadVisit:
    """A visit that thinks for a second."""
    return LoadVisit(journey=WALK, record=record, pause=lambda: 1.0, sleep=slept.append, due=due)


def answering(seconds: float):
    """Takes each step in so many seconds."""

    def take(step: Step, visit: Visit, last: bool) -> Taken:
        now = time.monotonic()
        return Taken(verdict=Verdict.PASSED, began=now, ended=now + seconds)

    return take


def took(record: Record, name: str) -> float:
    """What the one answer to the step took."""
    found = record.steps[f"walk/{name}"].latency.percentile(100)
    assert found is not None
    return found


def test_the_first_step_counts_from_when_the_visit_was_due() -> None:
    """It began three seconds late: those belong to what a shopper waited; the second step has no part in them."""
    record, slept = Record(), list[float]()
    visit = made(record, slept, time.monotonic() - 3.0)
    assert walk(WALK, Visit(random=Random()), visit.timed(answering(0.1))) is Outcome.PASSED
    assert took(record, "first") == pytest.approx(3.1, rel=0.06)
    assert took(record, "second") == pytest.approx(0.1, rel=0.05)


def test_who_is_due_does_not_think_before_the_first_step() -> None:
    """They would else come later than they are to."""
    slept: list[float] = []
    walk(WALK, Visit(random=Random()), made(Record(), slept, time.monotonic()).timed(answering(0.1)))
    assert slept == [1.0]
    slept.clear()
    walk(WALK, Visit(random=Random()), made(Record(), slept, None).timed(answering(0.1)))
    assert slept == [1.0, 1.0]


def test_who_waits_in_vain_when_the_run_ends_is_counted_with_what_they_waited() -> None:
    """A shop that hangs would else end the run with good percentiles."""
    record = Record()
    visit = made(record, [], None)
    visit.doing, visit.since = "first", time.monotonic() - 7.0
    visit.cut_off()
    assert took(record, "first") == pytest.approx(7.0, rel=0.05)
    assert record.cut_off == 1


def test_who_has_only_just_asked_is_not() -> None:
    """Their short times would make the shop look faster than it is."""
    record = Record()
    visit = made(record, [], None)
    visit.doing, visit.since = "first", time.monotonic() - 0.1
    visit.cut_off()
    assert (record.cut_off, dict(record.steps)) == (1, {})
