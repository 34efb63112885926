"""Counts the good and bad events of a range, step by step, from raw counters.

Each counter is read as it stood at each step, and what it grew by is summed: no rate is asked, so nothing is
extrapolated, and no event between two windows is lost. A counter that falls, or whose process is another, has been
reset: it grew by all that it holds. One that appears with its first event (which rate() misses) grew by all that it
holds as well, if it surely was not there before (`Target.is_born`).

The error that is left is that of scrapes:
- An event counts when a scrape sees it. Those of the last scrape interval before the range are counted with it, those
  of its own last interval are not: end a range one scrape interval after the traffic, and nothing is missing.
- What a process counted after its last scrape dies with it.
- A counter whose first scrape lies within the range, of a process that is older, may hold anything: its first value is
  left out, which `gaps` says.

A query that is no sum of rates (`Questions`) is asked as it is, for windows that follow one another: there Prometheus
extrapolates, and the first event of a new series is missed. `estimated` says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from budget import verdict_targets as targets
from budget.answers import Series
from budget.time_range import Grid
from budget.verdict_sli import Counters, Questions, Term
from budget.verdict_targets import Key, Row, Source, Target

ASKED_SECONDS = 120.0  # a window of `Questions`: two scrapes lie in it for any interval up to a minute
ANOTHER_PROCESS_SECONDS = 2.0  # some libraries reckon their start time anew at each scrape, give or take a second
_NOWHERE = Target(up=(), started=())
_LATE = "first scraped within the range, and perhaps older: what it had counted before is left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Bad and all events that were seen within each step of *step_seconds*, oldest first."""

    step_seconds: float
    bad: tuple[float, ...]
    total: tuple[float, ...]
    gaps: tuple[str, ...] = ()
    estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    """What all counters of a selector grew by in each step. unknown: whose first value was left out."""

    events: tuple[float, ...]
    jobs: frozenset[str]
    unknown: frozenset[Key]
    exists: bool


class Reading:
    """All counters and targets that several SLOs are made of, each read once, and no longer kept than it is summed."""

    def __init__(self, source: Source, grid: Grid, plans: Iterable[Counters]) -> None:
        """Asks *source* for everything.

        Raises:  Unreachable, QueryFailed.
        """
        terms = [term for plan in plans for term in (*plan.bad, *plan.total)]
        self._source, self._grid = source, grid
        self._jobs = {term.job for term in terms} - {""}
        self._targets = targets.read(source, self._jobs, grid)
        self._grown = {selector: self._sum(selector) for selector in sorted({term.selector for term in terms})}

    def counts(self, plan: Counters) -> Counts | None:
        """The events of *plan*; None where no counter of them all exists."""
        if not any(self._grown[term.selector].exists for term in plan.total):
            return None
        unknown = {name for term in (*plan.bad, *plan.total) for name in self._grown[term.selector].unknown}
        late = (f"{' at '.join(filter(None, name)) or 'a counter'}: {_LATE}" for name in sorted(unknown))
        return Counts(
            step_seconds=self._grid.step_seconds,
            bad=self._weighed(plan.bad),
            total=self._weighed(plan.total),
            gaps=(*self.gaps(plan), *late),
        )

    def gaps(self, plan: Counters) -> tuple[str, ...]:
        """When what *plan* reads was not scraped."""
        terms = (*plan.bad, *plan.total)
        jobs = {term.job for term in terms}.union(*(self._grown[term.selector].jobs for term in terms))
        return targets.gaps(self._targets, jobs, self._grid)

    def _weighed(self, terms: Sequence[Term]) -> tuple[float, ...]:
        weighed = ([term.weight * events for events in self._grown[term.selector].events] for term in terms)
        return tuple(map(sum, zip(*weighed, strict=True)))

    def _sum(self, selector: str) -> _Grown:
        grid = self._grid
        found = self._source.range(selector, start=grid.start, end=grid.end, step_seconds=grid.step_seconds)
        jobs = frozenset(targets.key(series.labels)[0] for series in found) - {""}
        if new := jobs - self._jobs:  # a selector may leave its job open
            self._targets |= targets.read(self._source, new, grid)
            self._jobs |= new
        sums, unknown = [0.0] * grid.steps, set[Key]()
        for series in found:
            for place, events in self._steps(series, unknown):
                sums[place] += events
        return _Grown(events=tuple(sums), jobs=jobs, unknown=frozenset(unknown), exists=bool(found))

    def _steps(self, series: Series, unknown: set[Key]) -> Iterable[tuple[int, float]]:
        name, values = targets.key(series.labels), targets.row(series, self._grid)
        target = self._targets.get(name, _NOWHERE)
        first = next((place for place, value in enumerate(values) if value is not None), 0)
        if first and (value := values[first] or 0.0):
            if target.up and target.is_born(first, self._grid.start):
                yield first - 1, value
            else:
                unknown.add(name)
        yield from growth(values, target.started or [None] * len(values))


def growth(values: Row, started: Sequence[float | None]) -> Iterable[tuple[int, float]]:
    """What a counter grew by: (step, events), after its first value.

    Args:    values: at each moment. started: when the process that held it began, as known at each moment.
    """
    last: float | None = None
    since: float | None = None
    for place, (value, start) in enumerate(zip(values, started, strict=True)):
        if value is None or not math.isfinite(value):
            continue
        another = start is not None and since is not None and abs(start - since) > ANOTHER_PROCESS_SECONDS
        if last is not None and value != last:
            yield place - 1, value if another or value < last else value - last
        elif last is not None and another:
            yield place - 1, value
        last, since = value, start if start is not None else since


def asked(source: Source, plan: Questions, grid: Grid) -> Counts | None:
    """The events of an SLI that is asked as it is; None where it has no value.

    Raises:  Unreachable, QueryFailed.
    """
    seconds = grid.steps * grid.step_seconds
    steps = max(1, int(seconds // ASKED_SECONDS))
    windows = Grid(start=grid.start, step_seconds=math.ceil(seconds * 1000 / steps) / 1000, steps=steps)
    bad, total = (_asked(source, parts, windows, per_second=plan.per_second) for parts in (plan.bad, plan.total))
    if total is None:
        return None
    return Counts(step_seconds=windows.step_seconds, bad=bad or (0.0,) * steps, total=total, estimated=True)


def _asked(source: Source, parts: Sequence[str], windows: Grid, *, per_second: bool) -> tuple[float, ...] | None:
    query = f"{windows.step_seconds * 1000:.0f}ms".join(parts)
    found = source.range(
        query, start=windows.start + windows.step_seconds, end=windows.end, step_seconds=windows.step_seconds
    )
    if not found:
        return None
    weight = windows.step_seconds if per_second else 1.0
    sums = [0.0] * (windows.steps + 1)
    for series in found:
        for place, value in enumerate(targets.row(series, windows)):
            if value is not None and math.isfinite(value):
                sums[place] += value * weight
    return tuple(sums[1:])
