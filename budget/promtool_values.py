"""Series as promtool's unit tests spell them: labels, and values at equal distances."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from budget.answers import Series
from budget.drill_course import CLOCKS, Course
from budget.series_selector import NAME
from slo import promql

NONE, STALE = "_", "stale"


def on_grid(series: Series, start: float, *, seconds: float, step_seconds: float) -> tuple[float | None, ...]:
    """Values of *series* at *start* (Unix seconds, 0 for promtool) and each step after it, *seconds* long; None where
    there is none. What shows a moment shows that of promtool's time.
    """
    found: list[float | None] = [None] * (int(seconds / step_seconds) + 1)
    moved = start if series.labels[NAME].endswith(CLOCKS) else 0.0
    for at, value in series.points:
        place = round((at - start) / step_seconds)
        if 0 <= place < len(found):
            found[place] = value - moved
    return tuple(found)


def spelled(labels: Mapping[str, str]) -> str:
    """`NAME{a="b"}`."""
    return labels[NAME] + promql.matchers((name, value) for name, value in sorted(labels.items()) if name != NAME)


def values(course: Course, *, step_seconds: float, ahead_seconds: float) -> str:
    """The past of *course*, one sample after the other, and *ahead_seconds* of how it goes on."""
    times = int(ahead_seconds / step_seconds)
    return " ".join((*_past(course.past), _ahead(course, times, step_seconds)))


def _past(past: Sequence[float | None]) -> Iterable[str]:
    return (NONE if each is None or not math.isfinite(each) else _number(each) for each in past)


def _ahead(course: Course, times: int, step_seconds: float) -> str:
    if course.ends:
        return STALE
    begin = course.past[-1] if course.value is None else course.value
    if course.value is not None and course.labels[NAME].endswith(CLOCKS):
        begin = course.value + (len(course.past) - 1) * step_seconds
    if begin is None or not math.isfinite(begin):
        return STALE
    each = course.growth * step_seconds
    # One event after the other: a rule that waits for the third waits until it is there.
    if course.counts and 0 < each < 1:
        return " ".join(_number(begin + math.floor(each * number)) for number in range(1, times + 2))
    return f"{_number(begin + each)}{'-' if each < 0 else '+'}{_number(abs(each))}x{times}"


def _number(value: float) -> str:
    """Without an exponent, which promtool would not read in a course."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
