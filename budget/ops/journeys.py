"""How the probes' visits ended, minute by minute, and by which trace each can be looked at."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from budget.answers import Exemplar, Series

COUNTED = "journey_attempts_total"
ATTEMPTS = f"sum by (journey, outcome) ({COUNTED})"
CELLS = 60
CELL_SECONDS = 60.0
TRACE_SECONDS = 2 * CELL_SECONDS
"""How long before a cell's end its visit may have ended: it counts from the scrape on, which may be a minute later."""
FAILED, SLOW, PASSED = "failed", "slow", "passed"
NONE, UNKNOWN = "no visit", "not known"
_WORST_FIRST = (FAILED, SLOW, PASSED)


class Source(Protocol):
    """What is asked."""

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end*."""

    def exemplars(self, query: str, *, start: float, end: float) -> tuple[Exemplar, ...]:
        """Exemplars of the series of *query*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One minute, that ended at *end* (Unix seconds). word: how its visits ended, by the worst of them.

    trace: of that visit, as far as one was kept.
    """

    end: float
    word: str
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """One journey over the last hour, the oldest minute first."""

    journey: str
    cells: tuple[Cell, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Minutes by word."""
        return Counter(cell.word for cell in self.cells)

    @property
    def now(self) -> str:
        """How the newest visit ended: no visit, or not known, where there was none for five minutes."""
        recent = self.cells[-5:]
        words = [cell.word for cell in recent if cell.word in _WORST_FIRST]
        return words[-1] if words else (recent[-1].word if recent else UNKNOWN)

    @property
    def troubles(self) -> tuple[Cell, ...]:
        """The minutes that did not pass, the newest first."""
        return tuple(cell for cell in reversed(self.cells) if cell.word in (FAILED, SLOW))

    @property
    def trace(self) -> str:
        """The newest one."""
        return next((cell.trace for cell in reversed(self.cells) if cell.trace), "")


def read_timelines(source: Source, now: float) -> tuple[Timeline, ...]:
    """Each journey that was walked within the hour before *now*, by name.

    Raises:  Unreachable, QueryFailed.
    """
    end = CELL_SECONDS * math.floor(now / CELL_SECONDS)
    start = end - CELLS * CELL_SECONDS
    counts: dict[str, dict[str, dict[float, float]]] = defaultdict(dict)
    for series in source.range(ATTEMPTS, start=start, end=end, step_seconds=CELL_SECONDS):
        journey, outcome = (series.labels.get(name, "") for name in ("journey", "outcome"))
        counts[journey][outcome] = dict(series.points)
    ends = [start + CELL_SECONDS * number for number in range(1, CELLS + 1)]
    return tuple(
        Timeline(journey=journey, cells=tuple(Cell(end=at, word=_word(outcomes, at)) for at in ends))
        for journey, outcomes in sorted(counts.items())
    )


Traces = Mapping[tuple[str, str], Sequence[tuple[float, str]]]
"""Of the visits of a journey that ended so: when (Unix seconds), and the trace; the oldest first."""


def read_traces(source: Source, now: float) -> Traces:
    """The traces of the hour before *now*, as far as they were kept.

    Raises:  Unreachable, QueryFailed.
    """
    found: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for each in source.exemplars(COUNTED, start=now - CELLS * CELL_SECONDS - TRACE_SECONDS, end=now):
        if trace := each.labels.get("trace_id", ""):
            found[each.series.get("journey", ""), each.series.get("outcome", "")].append((each.at, trace))
    return {key: sorted(seen) for key, seen in found.items()}


def traced(timelines: Iterable[Timeline], traces: Traces) -> tuple[Timeline, ...]:
    """*timelines*, each minute with the trace of a visit that ended as it says."""
    return tuple(
        Timeline(
            journey=each.journey,
            cells=tuple(
                replace(cell, trace=_newest(traces.get((each.journey, cell.word), ()), cell.end)) for cell in each.cells
            ),
        )
        for each in timelines
    )


def _newest(seen: Sequence[tuple[float, str]], end: float) -> str:
    """The last trace until *end*, if it is not too old to be of that cell."""
    place = bisect_right(seen, end, key=lambda each: each[0])
    return seen[place - 1][1] if place and seen[place - 1][0] > end - TRACE_SECONDS else ""


def most_troubled(timelines: Sequence[Timeline]) -> Sequence[Timeline]:
    """Those that fail now first, then those that failed most."""
    return sorted(
        timelines, key=lambda each: (each.now == PASSED, -each.counts[FAILED], -each.counts[SLOW], each.journey)
    )


def _word(outcomes: Mapping[str, Mapping[float, float]], end: float) -> str:
    ended = {outcome: _grown(points, end) for outcome, points in outcomes.items()}
    if all(count is None for count in ended.values()):
        return UNKNOWN
    return next((word for word in _WORST_FIRST if (ended.get(word) or 0) > 0), NONE)


def _grown(points: Mapping[float, float], end: float) -> float | None:
    """By how much a counter grew since it was last seen; from 0 on where it began anew, None where nobody can tell."""
    now = points.get(end)
    before = max((at for at in points if at < end), default=None)
    if now is None or before is None:
        return None
    return now if now < points[before] else now - points[before]
