"""How series go on under a drill: what was measured up to now, and then as before but for the drill's effects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from budget.drill_spec import Effect
from budget.series_selector import NAME

COUNTERS = ("_total", "_count", "_sum", "_bucket")
"""Names of what only grows end so."""
CLOCKS = "_timestamp_seconds"
"""Names of what shows a moment end so: it is moved with all others."""
RECENT_SECONDS = 1800.0
"""Of so long the growth is taken that goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One series: its samples at equal distances up to now (None where there was none), and how it goes on.

    growth: a second, from its last sample on. value: what it shows instead of the last sample, of a clock seconds
    from now. ends: no samples more.
    """

    labels: Mapping[str, str]
    past: tuple[float | None, ...]
    growth: float = 0.0
    value: float | None = None
    ends: bool = False

    @property
    def counts(self) -> bool:
        """Whether it only grows."""
        return str(self.labels[NAME]).endswith(COUNTERS)


@dataclass(slots=True)
class _Moved:
    growth: dict[tuple[tuple[str, str], ...], float] = field(default_factory=dict)

    def add(self, labels: Mapping[str, str], growth: float) -> None:
        key = tuple(sorted(labels.items()))
        self.growth[key] = self.growth.get(key, 0.0) + growth


def measured(labels: Mapping[str, str], past: Sequence[float | None], *, step_seconds: float) -> Course:
    """The series as it would go on by itself: a counter grows as it did of late, anything else stays as it is."""
    found = Course(labels=labels, past=tuple(past))
    if not found.counts:
        return found
    late = past[-int(RECENT_SECONDS / step_seconds) - 1 :]
    recent = [(place, each) for place, each in enumerate(late) if each is not None]
    # A counter that is lower than before began anew at 0.
    grown = sum(new - old if new >= old else new for (_, old), (_, new) in pairwise(recent))
    steps = recent[-1][0] - recent[0][0] if recent else 0
    return replace(found, growth=grown / (step_seconds * max(steps, 1)))


def busier(course: Course, times: float) -> Course:
    """*course* when so many times as many shoppers come: what counts them grows so much faster."""
    return replace(course, growth=course.growth * times) if course.labels.get("traffic") == "user" else course


def under(courses: Iterable[Course], effects: Sequence[Effect]) -> tuple[Course, ...]:
    """*courses* with all *effects*, one after the other; series that only begin under them come last."""
    found = list(courses)
    for effect in effects:
        moved = _Moved()
        found = [_one(each, effect, moved) if effect.series.matches(each.labels) else each for each in found]
        found = _with(found, moved)
    return tuple(found)


def _one(course: Course, effect: Effect, moved: _Moved) -> Course:
    if effect.moves_to:
        goes = course.growth * effect.share
        moved.add({**course.labels, **effect.moves_to}, goes)
        return replace(course, growth=course.growth - goes)
    if effect.keeps is not None:
        return replace(course, growth=course.growth * effect.keeps)
    if effect.grows is not None:
        return replace(course, growth=effect.grows)
    return replace(course, value=effect.value, growth=0.0, ends=effect.ends)


def _with(courses: list[Course], moved: _Moved) -> list[Course]:
    left = dict(moved.growth)
    found = []
    for course in courses:
        more = left.pop(tuple(sorted(course.labels.items())), 0.0)
        found.append(replace(course, growth=course.growth + more))
    length = max((len(each.past) for each in courses), default=0)
    # It was at 0 until now: the shop makes the series that matter at its start.
    new = (Course(labels=dict(key), past=(0.0,) * length, growth=growth) for key, growth in left.items())
    return [*found, *new]
