"""How each budget came to be what it is: some sixty points of its period, read for all SLOs at once."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from budget.history import Curve, Promise, Source, promises
from budget.history_spending import burndown
from budget.identity import Key, key_of, same_slo
from slo import conventions, windows
from slo.rule_context import BASE, SLOW_SECONDS, STEP

POINTS = 60
_OURS = f'{{{conventions.ID}!=""}}'
Bins = dict[Key, dict[float, float]]
Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What was left of one budget, over its period: (Unix seconds, share), 1 at first.

    gaps: from when to when nobody measured.
    """

    key: Key
    start: float
    end: float
    points: tuple[tuple[float, float], ...]
    gaps: tuple[Range, ...]


def read_courses(source: Source, now: float) -> tuple[Course, ...]:
    """The course of every SLO that was measured, and of each copy of it.

    Raises:  Unreachable, QueryFailed.
    """
    # Where the rules' own steps end: else a step would be counted in two bins, or in none.
    end = SLOW_SECONDS * math.floor(now / SLOW_SECONDS)
    by_period: dict[float, list[Promise]] = defaultdict(list)
    for each in promises(source, end):
        by_period[each.days].append(each)
    return tuple(course for days, promised in by_period.items() for course in _of_period(source, days, promised, end))


def _of_period(source: Source, days: float, promised: list[Promise], end: float) -> Iterator[Course]:
    width = max(SLOW_SECONDS, SLOW_SECONDS * round(days * windows.DAY / POINTS / SLOW_SECONDS))
    bad, total = (
        _binned(source, f"{record}{_OURS}", "sum_over_time", width, end)
        for record in (conventions.bad_average(STEP), conventions.total_average(STEP))
    )
    bare = [each for each in promised if not any(same_slo(each.key, key) for key in total)]
    if bare:  # of these a ratio alone is recorded: every minute counts the same
        ratio = f"({conventions.sli_ratio(BASE)}{_OURS} >= 0)"
        ratios, weights = (
            _binned(source, ratio, function, width, end) for function in ("sum_over_time", "count_over_time")
        )
        keys = {key for key in weights for each in bare if same_slo(each.key, key)}
        bad |= {key: ratios[key] for key in keys if key in ratios}
        total |= {key: weights[key] for key in keys}
    for each in promised:
        for key in _copies(each.key, total):
            yield _course(each, key, bad.get(key, {}), total[key], width, end)


def _binned(source: Source, series: str, function: str, width: float, end: float) -> Bins:
    """Sums over each of the last bins, by copy. Of series that differ in a label of the user's, the greatest."""
    query = f"{SLOW_SECONDS} * {function}({series}[{width - 1:.0f}s:{STEP}])"
    found: Bins = defaultdict(dict)
    start = end - (POINTS - 1) * width
    for each in source.range(query, start=start, end=end, step_seconds=width):
        bins = found[key_of(each.labels)]
        for at, value in each.points:
            if math.isfinite(value):
                bins[at] = max(value, bins.get(at, 0.0))
    return dict(found)


def _copies(key: Key, known: Iterable[Key]) -> list[Key]:
    """Those that *key*'s promise is about: it may carry fewer labels than what is counted."""
    found = sorted(other for other in known if set(key) <= set(other))
    return found or sorted(other for other in known if same_slo(key, other))


def _course(
    promise: Promise, key: Key, bad: Mapping[float, float], total: Mapping[float, float], width: float, end: float
) -> Course:
    labels = dict(key)
    bins = tuple((at, min(bad.get(at, 0.0), events), events) for at, events in sorted(total.items()))
    curve = Curve(
        id=labels.pop(conventions.ID, ""),
        service=labels.pop(conventions.SERVICE, ""),
        slo=labels.pop(conventions.SLO, ""),
        labels=labels,
        objective=promise.objective,
        days=promise.days,
        counts=promise.counts,
        bins=bins,
    )
    start = end - POINTS * width
    ends = [start + width * number for number in range(1, POINTS + 1)]
    gaps = tuple((at - width, at) for at in ends if at not in total)
    return Course(key=key, start=start, end=end, points=burndown(curve, start, end), gaps=_merged(gaps))


def _merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    found: list[Range] = []
    for begin, end in ranges:
        if found and begin - found[-1][1] < 1:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return tuple(found)
