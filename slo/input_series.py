"""Writes courses of traffic as promtool's input series."""

from __future__ import annotations

from itertools import groupby

from slo import event_series, promql
from slo.event_series import EventSeries, Series
from slo.forecast import Plan

Inputs = tuple[tuple[str, str], ...]
START = 1_000_000
"""Where counters begin at least: far from zero, where rate() would guess at their birth."""
START_SECONDS = 10_000
"""So many seconds of a plan's last traffic are far."""


def counters(series: EventSeries, plan: Plan) -> Inputs:
    """Counters that grow as the plan's phases say."""
    start = max(START, START_SECONDS * plan.phases[-1].total)
    return tuple(
        (event_series.spell(one), _counter(plan, start, one in series.good, one in series.bad))
        for one in sorted({*series.good, *series.bad})
    )


def _counter(plan: Plan, start: float, good: bool, bad: bool) -> str:
    """Runs of promtool's `start+growthxtimes`."""
    value, out = start, [promql.number(start)]
    for phase in plan.phases:
        growth = plan.sample_seconds * ((phase.total - phase.bad if good else 0.0) + (phase.bad if bad else 0.0))
        times = phase.seconds // plan.sample_seconds
        if times:
            out.append(f"{promql.number(value + growth)}+{promql.number(growth)}x{times - 1}")
            value += growth * times
    return " ".join(out)


def single_failure(series: EventSeries, sample_seconds: int, *, every: int, failure: int, seconds: int) -> Inputs:
    """One event every so many seconds, all good but the one at *failure*."""
    moments = range(0, seconds + 1, sample_seconds)

    def values(one: Series) -> list[int]:
        return [
            START
            + sum(one in (series.bad if event == failure else series.good) for event in range(every, moment + 1, every))
            for moment in moments
        ]

    return tuple((event_series.spell(one), _runs(values(one))) for one in sorted({*series.good, *series.bad}))


def vanishing(inputs: Inputs, samples: int) -> Inputs:
    """The same series, gone after so many samples."""
    return tuple((series, " ".join([*_first(values, samples), "stale"])) for series, values in inputs)


def _runs(values: list[int]) -> str:
    """Equal neighbours as one run."""
    return " ".join(f"{promql.number(value)}+0x{len(list(same)) - 1}" for value, same in groupby(values))


def _first(values: str, samples: int) -> list[str]:
    """The first so many samples of runs."""
    out: list[str] = []
    for run in values.split():
        head, _, times = run.partition("x")
        count = int(times) + 1 if times else 1
        if count >= samples:
            return [*out, f"{head}x{samples - 1}" if times else head]
        out.append(run)
        samples -= count
    return out
