"""How the probes' visits ended, minute by minute, and by which trace each can be looked at."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from budget.answers import Exemplar, Series

ATTEMPTS = "sum by (journey, outcome) (journey_attempts_total)"
STEPS = "journey_step_duration_seconds_bucket"
CELLS = 60
CELL_SECONDS = 60.0
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


def read_traces(source: Source, now: float) -> dict[tuple[str, float], str]:
    """The trace of a visit, by its journey and the end of its minute; the last one of that minute.

    Raises:  Unreachable, QueryFailed.
    """
    found = source.exemplars(STEPS, start=now - CELLS * CELL_SECONDS, end=now)
    seen = ((each.series.get("journey", ""), each.at, each.labels.get("trace_id", "")) for each in found)
    return {
        (journey, CELL_SECONDS * math.ceil(at / CELL_SECONDS)): trace
        for journey, at, trace in sorted(seen, key=lambda each: each[1])
        if trace
    }


def traced(timelines: Iterable[Timeline], traces: Mapping[tuple[str, float], str]) -> tuple[Timeline, ...]:
    """*timelines* with the *traces* of their minutes."""
    return tuple(
        Timeline(
            journey=each.journey,
            cells=tuple(
                Cell(end=cell.end, word=cell.word, trace=traces.get((each.journey, cell.end), ""))
                if cell.word in _WORST_FIRST
                else cell
                for cell in each.cells
            ),
        )
        for each in timelines
    )


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
