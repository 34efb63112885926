"""What an SLO's rules would have told people over a history, as written or changed: joins what backtests are made of.

A real Prometheus evaluates the generated rules, level by level, over the history; `backtest_replay` says what is left
of error. Here its answers become firings and a budget curve, without another look at the rules.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import isnan

from budget.answers import Series
from budget.history_alerts import spells
from slo import conventions as names
from slo.model import Slo
from slo.rule import Alert

GAP_SECONDS = 300.0
"""A pause in what was measured that is told: a record of five minutes has bridged shorter ones."""
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """One time that an alert would have fired: from *start* to *end* (Unix seconds).

    since_before, goes_on: whether it fired already when the range began, and still did when it ended.
    seeded:                whether it began in a past that is made up.
    left:                  of the budget when it began; None where that is not known.
    """

    alert: str
    severity: str
    start: float
    end: float
    since_before: bool
    goes_on: bool
    seeded: bool
    left: float | None
    labels: Mapping[str, str]

    @property
    def seconds(self) -> float:
        """How long."""
        return self.end - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one variant of the SLO would have told. *budget*: (Unix seconds, what was left, 1 being all), by the hour;
    of copies that a query tells apart, the least."""

    slo: Slo
    fired: tuple[Fired, ...]
    budget: tuple[Point, ...]

    def of(self, severity: str) -> tuple[Fired, ...]:
        """The pages, or the tickets."""
        return tuple(each for each in self.fired if each.severity == severity)

    @property
    def left(self) -> float | None:
        """Of the budget at the end."""
        return self.budget[-1][1] if self.budget else None

    @property
    def lowest(self) -> Point | None:
        """When least was left, and how much."""
        return min(self.budget, key=lambda point: point[1], default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of the range that was asked for.

    origin:       where it was read, for people. start, end: the range.
    first, last:  the first and the last moment in it at which the SLI was measured; known_since: the first at all.
    gaps:         pauses between those, at its start and at its end. seeded: from when to when it is made up.
    """

    origin: str
    start: float
    end: float
    first: float
    last: float
    known_since: float
    gaps: tuple[tuple[float, float], ...]
    seeded: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """The SLO over the past: as it is, and as it would be where it was changed."""

    past: Past
    outcomes: tuple[Outcome, ...]


def past(
    origin: str, measured: Iterable[float], *, start: float, end: float, seeded: tuple[float, float] | None
) -> Past | None:
    """What *measured*, moments in any order, says of the range; None where nothing lies in it."""
    moments = sorted(set(measured))
    inside = [at for at in moments if start <= at <= end]
    if not inside:
        return None
    edges = [start, *inside, end]
    gaps = tuple((one, other) for one, other in pairwise(edges) if other - one > GAP_SECONDS)
    touched = seeded if seeded is not None and seeded[0] < end and seeded[1] > start else None
    return Past(
        origin=origin,
        start=start,
        end=end,
        first=inside[0],
        last=inside[-1],
        known_since=moments[0],
        gaps=gaps,
        seeded=touched,
    )


def curve(found: Iterable[Series]) -> tuple[Point, ...]:
    """One curve of what was left: the least of all series at each moment."""
    least: dict[float, float] = {}
    for series in found:
        for at, value in series.points:
            least[at] = min(value, least.get(at, value))
    return tuple(sorted((at, value) for at, value in least.items() if not isnan(value)))


def firings(
    alert: Alert, found: Iterable[Series], *, step_seconds: float, of: Past, budget: tuple[Point, ...]
) -> Iterator[Fired]:
    """When *alert* would have fired, given what its expression answered every so many seconds.

    Before anything was measured there were no rules: an alert about its absence begins no earlier.
    """
    together: dict[frozenset[tuple[str, str]], list[float]] = {}
    for series in found:
        moments = together.setdefault(frozenset(series.labels.items()), [])
        moments += [at for at, _ in series.points if max(of.start, of.known_since) <= at <= of.end]
    for labels, moments in together.items():
        for begin, end in spells(moments, step_seconds):
            if end - step_seconds - begin >= alert.for_seconds:
                yield _fired(alert, dict(labels), begin, end, step_seconds, of, budget)


def _fired(
    alert: Alert,
    labels: dict[str, str],
    begin: float,
    end: float,
    step_seconds: float,
    of: Past,
    budget: tuple[Point, ...],
) -> Fired:
    start = begin + alert.for_seconds
    place = bisect_right(budget, (start, float("inf")))
    own = dict(alert.labels)
    return Fired(
        alert=alert.name,
        severity=own.get(names.SEVERITY, ""),
        start=start,
        end=min(end + alert.keep_firing_for_seconds, of.end),
        since_before=begin < of.start + step_seconds,
        goes_on=end > of.end,
        seeded=of.seeded is not None and of.seeded[0] <= start <= of.seeded[1],
        left=budget[place - 1][1] if place else None,
        labels={name: value for name, value in labels.items() if name not in own and name not in names.ID_LABELS},
    )
