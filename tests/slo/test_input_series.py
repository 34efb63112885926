"""Courses of traffic as promtool's input series."""

from __future__ import annotations

import dataclasses
import re

from slo import input_series
from slo.event_series import EventSeries
from slo.forecast import Phase, Plan

SERIES = EventSeries(good=(("good", ()),), bad=(("bad", ()),), labels=())
PLAN = Plan((Phase(60, 10, 0), Phase(30, 10, 4)), True, 15, 30, 30, "0.001", 3)


def _expanded(values: str) -> list[float]:
    """What promtool makes of the notation."""
    out: list[float] = []
    for run in values.split():
        found = re.fullmatch(r"([\d.]+)(?:\+([\d.]+)x(\d+))?", run)
        assert found, run
        start, growth, times = float(found[1]), float(found[2] or 0), int(found[3] or 0)
        out += [start + growth * k for k in range(times + 1)]
    return out


def test_counters_grow_with_their_events() -> None:
    """Each sample is the count of events so far; good and bad grow apart."""
    inputs = {series: _expanded(values) for series, values in input_series.counters(SERIES, PLAN)}
    start = input_series.START
    assert [value - start for value in inputs["good"]] == [0, 150, 300, 450, 600, 690, 780]
    assert [value - start for value in inputs["bad"]] == [0, 0, 0, 0, 0, 60, 120]


def test_a_series_that_stands_for_both_grows_with_both() -> None:
    """A counter of all events grows with the good and the bad."""
    both = EventSeries(good=(("all", ()),), bad=(("all", ()), ("bad", ())), labels=())
    inputs = {series: _expanded(values) for series, values in input_series.counters(both, PLAN)}
    assert inputs["all"][-1] - input_series.START == 900


def test_fast_counters_begin_as_far_from_zero() -> None:
    """A start that is near for the traffic would be taken for a birth."""
    fast = dataclasses.replace(PLAN, phases=(Phase(60, 1e11, 0),))
    assert _expanded(dict(input_series.counters(SERIES, fast))["good"])[0] == input_series.START_SECONDS * 1e11


def test_one_failure_among_few() -> None:
    """One event every minute, the third of them bad."""
    inputs = dict(input_series.single_failure(SERIES, 30, every=60, failure=180, seconds=300))
    assert [value - input_series.START for value in _expanded(inputs["bad"])] == [0] * 6 + [1] * 5
    assert _expanded(inputs["good"])[-1] - input_series.START == 4


def test_a_vanished_series_keeps_its_first_samples() -> None:
    """So many samples, then the end of the series."""
    ((_, values),) = input_series.vanishing((("x", "1 2+1x9"),), 4)
    assert _expanded(values.removesuffix(" stale")) == [1, 2, 3, 4]
    assert values.endswith("stale")
