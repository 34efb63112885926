"""The targets behind an SLO's counters over a range: when each was scraped, and since when its process runs.

Told by Prometheus' own `up` and by `process_start_time_seconds`, which every client library exports.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Protocol

from budget.answers import Sample, Series
from budget.time_range import Grid
from budget.trust import spelt
from slo import promql

Key = tuple[str, str]
"""job and instance: whom a series was scraped from."""
Row = list[float | None]
"""A series' value at each moment of a grid; None where it has none."""


class Source(Protocol):
    """What a verdict asks: `budget.prometheus.Prometheus`, or a fake of it."""

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query* at the Unix time *at*."""

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end*."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target at each moment. up: whether it was scraped well of late. started: when its process began, if known."""

    up: Sequence[bool]
    started: Sequence[float | None]

    def is_born(self, place: int, since: float) -> bool:
        """Whether a counter that is first seen at *place* began at 0 after *since*.

        So it is where its process began after that, or where a scrape before did not have it.
        """
        started = self.started[place]
        return (started is not None and started >= since) or any(self.up[:place])


def key(labels: Mapping[str, str]) -> Key:
    """Whom the series with *labels* was scraped from."""
    return labels.get("job", ""), labels.get("instance", "")


def row(series: Series, grid: Grid) -> Row:
    """*series* on the grid."""
    made: Row = [None] * (grid.steps + 1)
    for at, value in series.points:
        if 0 <= (place := grid.place(at)) <= grid.steps:
            made[place] = value
    return made


def read(source: Source, jobs: Iterable[str], grid: Grid) -> dict[Key, Target]:
    """Every target of *jobs*.

    Raises:  Unreachable, QueryFailed.
    """
    wanted = sorted(set(jobs) - {""})
    if not wanted:
        return {}
    chosen = f"{{job=~{promql.quote('|'.join(map(re.escape, wanted)))}}}"
    up, scraped, started = (
        {key(series.labels): row(series, grid) for series in _range(source, query, grid)}
        for query in (f"up{chosen}", f"timestamp(up{chosen})", f"process_start_time_seconds{chosen}")
    )
    nothing: Row = [None] * (grid.steps + 1)
    return {
        name: Target(up=_fresh(values, scraped.get(name, nothing), grid), started=started.get(name, nothing))
        for name, values in up.items()
    }


def _range(source: Source, query: str, grid: Grid) -> tuple[Series, ...]:
    return source.range(query, start=grid.start, end=grid.end, step_seconds=grid.step_seconds)


def _fresh(up: Row, scraped: Row, grid: Grid) -> list[bool]:
    """Whether `up` was 1 at a scrape that is not older than one that was missed."""
    limit = _oldest(scraped, grid.step_seconds)
    moments = (grid.start + place * grid.step_seconds for place in range(grid.steps + 1))
    return [
        value == 1 and at is not None and now - at <= limit for value, at, now in zip(up, scraped, moments, strict=True)
    ]


def _oldest(scraped: Row, step_seconds: float) -> float:
    """The age from which a scrape was missed: two intervals, as far as the grid tells them."""
    seen = sorted({at for at in scraped if at is not None})
    usual = median([newer - older for older, newer in pairwise(seen)]) if len(seen) > 1 else 60.0
    return 1.5 * max(usual, step_seconds) if usual <= 1.5 * step_seconds else 2 * usual


def gaps(targets: Mapping[Key, Target], jobs: Iterable[str], grid: Grid) -> tuple[str, ...]:
    """Where nothing was measured within the range, for people: a job without a scrape, then a target of many."""
    of_job: dict[str, dict[str, Target]] = defaultdict(dict)
    for (job, instance), target in targets.items():
        of_job[job][instance] = target
    return tuple(text for job in sorted(set(jobs) - {""}) for text in _gaps(job, of_job[job], grid))


def _gaps(job: str, targets: Mapping[str, Target], grid: Grid) -> list[str]:
    # The first moment is the range's own beginning: a target may well be new there.
    places = range(1, grid.steps + 1)
    dark = {place for place in places if not any(target.up[place] for target in targets.values())}
    said = [f"{job}: not scraped, or down, for {spelt(len(dark) * grid.step_seconds)}"] if dark else []
    for instance, target in sorted(targets.items()):
        seen = [place for place in places if target.up[place]]
        down = [place for place in places if seen and place > seen[0] and not target.up[place] and place not in dark]
        if down:
            said.append(f"{job} at {instance}: not scraped, or down, for {spelt(len(down) * grid.step_seconds)}")
    return said
