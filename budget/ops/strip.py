"""The last hour as a strip of minutes: where a journey's cells lie, and what happened meanwhile. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from budget.ops.happenings import Happening
from budget.ops.journeys import CELL_SECONDS, CELLS, FAILED, NONE, PASSED, SLOW, UNKNOWN, Timeline
from budget.ops.words import minute
from budget.postmortem import FAULT

HEIGHT = 10
# By height as well as by colour.
_HEIGHTS = {FAILED: 10, SLOW: 7, PASSED: 4, NONE: 1, UNKNOWN: 10}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One cell or stretch; a minute is one unit wide. title: what it is, for whoever points at it."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    title: str


def boxes(timeline: Timeline) -> tuple[Box, ...]:
    """A journey's minutes, the oldest at 0."""
    return tuple(
        Box(
            kind=cell.word.replace(" ", "-"),
            x=place,
            y=HEIGHT - _HEIGHTS[cell.word],
            width=0.85,
            height=_HEIGHTS[cell.word],
            title=f"{minute(cell.end - CELL_SECONDS)}: {cell.word}",
        )
        for place, cell in enumerate(timeline.cells)
    )


def says(timeline: Timeline) -> str:
    """The same in words: how it ended last, and how many minutes of each kind there were."""
    counts = timeline.counts
    told = ", ".join(f"{counts[word]} {word}" for word in (PASSED, SLOW, FAILED, NONE, UNKNOWN) if counts[word])
    return f"now {timeline.now}; of the last {len(timeline.cells)} minutes {told}"


def lane(happenings: Iterable[Happening], end: float) -> tuple[Box, ...]:
    """What happened within the hour before *end*, above the cells that it may explain."""
    begin = end - CELLS * CELL_SECONDS
    shown = (each for each in happenings if each.end >= begin and each.start <= end)
    return tuple(_box(each, begin, end) for each in shown)


def _box(happening: Happening, begin: float, end: float) -> Box:
    x = (max(happening.start, begin) - begin) / CELL_SECONDS
    until = (min(happening.end, end) - begin) / CELL_SECONDS
    width = max(until - x, 0.6)
    at = minute(happening.start)
    title = (
        f"{at} to {minute(happening.end)}: {happening.says}" if happening.kind == FAULT else f"{at}: {happening.says}"
    )
    return Box(
        kind=happening.kind, x=round(min(x, CELLS - width), 2), y=0, width=round(width, 2), height=HEIGHT, title=title
    )
