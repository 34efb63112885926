"""What each SLO's records say over time: bad and all events of every five minutes, read once for all SLOs together.

Prometheus answers with at most 11,000 points a series, so that a long range is asked in parts.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from budget.answers import RuleGroup, Sample, Series
from budget.errors import QueryFailed
from budget.identity import Key, key_of, of_slo, same_slo
from budget.readings import SEEDED
from slo import conventions, promql, windows
from slo.rule_context import BASE, SLOW_SECONDS, STEP

BIN_SECONDS = 300
CHUNK_SECONDS = 7 * windows.DAY  # 2,016 bins, or 10,080 minutes
# The last second of a bin's window is left out, for some releases of Prometheus count both ends of a range.
_BIN = f"[{BIN_SECONDS - 1}s:{STEP}]"
_MOST_NAMED = 50  # ids in one question; all are asked where there are more
Bin = tuple[float, float, float]
"""When five minutes ended (Unix seconds), the bad and all events in them."""


class Instant(Protocol):
    """What can be asked for a moment."""

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query* at a time."""


class Source(Instant, Protocol):
    """What is read from: `budget.prometheus.Prometheus`, or a fake of it."""

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end*."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One SLO, or one copy of it, over time. *labels*: what tells it from other copies.

    objective: 0–1. days: its period. bins: in order; five minutes that nobody measured have none.
    counts:    whether its figures are events. Where the records hold a ratio alone they are seconds: of a ratio of
               0.1, 30 in five minutes; and where the spec has a unit of its own, that.
    """

    id: str
    service: str
    slo: str
    labels: Mapping[str, str]
    objective: float
    days: float
    counts: bool
    bins: tuple[Bin, ...]

    @property
    def budget(self) -> float:
        """The share of events that may be bad, 0–1."""
        # 1 − 0.999 has a tail of its own; the rules have the number as it is written.
        return round(1 - self.objective, 12)

    @property
    def name(self) -> str:
        """As people call it; copies by their labels."""
        return " ".join((self.slo, *self.labels.values()))

    @property
    def key(self) -> Key:
        """Its identity, as `budget.identity` reads it from series."""
        ids = {conventions.ID: self.id, conventions.SERVICE: self.service, conventions.SLO: self.slo}
        return key_of({**self.labels, **ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What is promised, before anything of the past is read."""

    key: Key
    objective: float
    days: float
    counts: bool


def promises(source: Source, at: float, services: Iterable[str] = ()) -> tuple[Promise, ...]:
    """What was promised at the Unix time *at*, or within the day before; of *services*, or of all.

    Raises:  Unreachable, QueryFailed.
    """
    ours = selector(services)
    objectives, days, counted = (
        source.instant(f"last_over_time({record}{ours}[1d])", at=at)
        for record in (conventions.OBJECTIVE, conventions.PERIOD_DAYS, conventions.BUDGET_EVENTS_REMAINING)
    )
    # A label of the user's that has changed within the day leaves two of one; the last is the newest.
    found = {key_of(sample.labels): sample.value for sample in objectives if sample.labels.get(conventions.ID)}
    made = (_promise(key, objective, days, counted) for key, objective in found.items())
    return tuple(each for each in made if each is not None)


def curves(source: Source, promised: Iterable[Promise], *, start: float, end: float) -> tuple[Curve, ...]:
    """The curve of each promise, and of each copy that its events tell apart, over the range.

    Bins end at full five minutes after *start*, and not after *end*; an SLO that nobody measured has none.

    Raises:  Unreachable, QueryFailed.
    """
    wanted = tuple(promised)
    ours = _named(wanted)
    begin, last = BIN_SECONDS * math.floor(start / BIN_SECONDS + 1), BIN_SECONDS * math.floor(end / BIN_SECONDS)
    bad, total = (
        _binned(source, f"{SLOW_SECONDS} * sum_over_time({record}{ours}{_BIN})", begin, last)
        for record in (conventions.bad_average(STEP), conventions.total_average(STEP))
    )
    bare = tuple(each for each in wanted if not any(same_slo(each.key, key) for key in total))
    if bare:
        weights = _ratios(source, bare, begin, last)
        bad, total = bad | weights[0], total | weights[1]
    shadowed = {each.key for each in bare}
    made = (_curve(each, bad, total, counts=each.key not in shadowed) for each in wanted)
    return tuple(curve for of_one in made for curve in of_one)


def seeded(source: Instant, at: float) -> tuple[float, float] | None:
    """From when to when the past is made up, as known at *at*; None where it is not, or may not be asked."""
    try:
        first, last = (source.instant(f"{which}_over_time({SEEDED}[90d])", at=at) for which in ("min", "max"))
    except QueryFailed:
        return None
    if not first or not last:
        return None
    return min(sample.value for sample in first), max(sample.value for sample in last)


def ranges(
    source: Source, query: str, *, start: float, end: float, step_seconds: float, chunk_seconds: float = CHUNK_SECONDS
) -> Iterator[Series]:
    """The series of a long range in parts, the oldest first; no moment is in two of them."""
    while start <= end:
        until = min(end, start + chunk_seconds - step_seconds)
        yield from source.range(query, start=start, end=until, step_seconds=step_seconds)
        start = start + chunk_seconds


def selector(services: Iterable[str] = ()) -> str:
    """Matchers of the SLOs of *services*, or of all."""
    names = sorted(services)
    if not names:
        return f'{{{conventions.ID}!=""}}'
    return f"{{{conventions.SERVICE}=~{promql.quote('|'.join(map(re.escape, names)))}}}"


def _promise(key: Key, objective: float, days: Iterable[Sample], counted: Iterable[Sample]) -> Promise | None:
    period = next((sample.value for sample in of_slo(key, days)), 30.0)
    if not (0 <= objective < 1 and period > 0):
        return None
    return Promise(key=key, objective=objective, days=period, counts=bool(of_slo(key, counted)))


def _named(promised: tuple[Promise, ...]) -> str:
    ids = sorted({dict(each.key)[conventions.ID] for each in promised})
    if len(ids) > _MOST_NAMED:
        return f'{{{conventions.ID}!=""}}'
    return f"{{{conventions.ID}=~{promql.quote('|'.join(map(re.escape, ids)))}}}"


def _binned(source: Source, query: str, begin: float, last: float) -> dict[Key, dict[float, float]]:
    """Values by copy and by when their bin ended. Of series that differ in a label of the user's, the greatest."""
    found: dict[Key, dict[float, float]] = defaultdict(dict)
    for series in ranges(source, query, start=begin, end=last, step_seconds=BIN_SECONDS):
        bins = found[key_of(series.labels)]
        for at, value in series.points:
            if math.isfinite(value):
                bins[at] = max(value, bins.get(at, 0.0))
    return found


def _ratios(
    source: Source, bare: tuple[Promise, ...], begin: float, last: float
) -> tuple[dict[Key, dict[float, float]], dict[Key, dict[float, float]]]:
    """Seconds of badness and of time, where nothing but a ratio is recorded: as its own period averages it."""
    ratio = f"{conventions.sli_ratio(BASE)}{_named(bare)}"
    bad, total = (
        _binned(source, f"{SLOW_SECONDS} * {function}(({ratio} >= 0){_BIN})", begin, last)
        for function in ("sum_over_time", "count_over_time")
    )
    return bad, total


def _curve(
    promise: Promise,
    bad: Mapping[Key, Mapping[float, float]],
    total: Mapping[Key, Mapping[float, float]],
    *,
    counts: bool,
) -> Iterator[Curve]:
    # Constants carry fewer labels than a query that is grouped by cluster.
    keys = [promise.key] if promise.key in total else [key for key in total if set(promise.key) <= set(key)]
    keys = keys or [key for key in total if same_slo(promise.key, key)] or [promise.key]
    for key in sorted(keys):
        failed, labels = bad.get(key, {}), dict(key)
        yield Curve(
            id=labels.pop(conventions.ID),
            service=labels.pop(conventions.SERVICE, ""),
            slo=labels.pop(conventions.SLO, ""),
            labels=labels,
            objective=promise.objective,
            days=promise.days,
            counts=counts and promise.counts,
            bins=tuple(
                (at, min(failed.get(at, 0.0), events), events) for at, events in sorted(total.get(key, {}).items())
            ),
        )
