"""Asks Prometheus for what the gate judges by beside a status: what was measured and not seeded, pages, lost copies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from budget.answers import Sample
from budget.errors import BudgetError, Unreachable
from budget.gate_rules import Finding
from budget.policy import RuleName
from budget.readings import ALERTS, Readings, Source, read
from slo import conventions, promql, windows

STEP_SECONDS = 120
# The first records after the seeded past still look back into it: by their own 5 minutes, and by Prometheus' five.
BLURRED_SECONDS = 2 * windows.BASE_SECONDS
LOST_SECONDS = 6 * windows.HOUR
BAD, TOTAL, RATIO = "bad events", "all events", "average error ratio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What of a period was measured and not seeded: its seconds, and sums over these by name (BAD, TOTAL, RATIO)."""

    seconds: float
    sums: Mapping[str, tuple[Sample, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All that is known when the gate is asked.

    readings:     None where Prometheus could not be read; faults says why.
    measured:     by period in days, where a part of it is seeded.
    pages:        firing pages that are no SLO's own, as ServiceDown.
    seen:         every copy of an SLO that was measured within the last hours: its value is when.
    now:          by this machine's clock, in Unix seconds.
    """

    now: float
    readings: Readings | None = None
    measured: Mapping[float, Measurements] | None = None
    pages: tuple[Sample, ...] = ()
    seen: tuple[Sample, ...] = ()
    faults: tuple[Finding, ...] = ()


def ask(source: Source, services: Iterable[str], *, seeded_counts: bool, now: float) -> Facts:
    """The facts about *services*; a server that does not answer is a fact as well.

    Args:    seeded_counts: whether a seeded past counts as if it were measured.
    """
    try:
        readings = read(source, seeded_matters=not seeded_counts)
        ours = f"{conventions.SERVICE}=~{promql.quote('|'.join(map(re.escape, sorted(services))))}"
        days = {sample.value for sample in readings.records.get(conventions.PERIOD_DAYS, ())}
        return Facts(
            now=now,
            readings=readings,
            measured={} if seeded_counts else dict(_measured(source, readings, days, ours)),
            pages=source.instant(f'{ALERTS}{{alertstate="firing",severity="{conventions.PAGE}",{conventions.ID}=""}}'),
            seen=source.instant(
                f"max_over_time(timestamp({conventions.CURRENT_BURN_RATE}{{{ours}}})[{LOST_SECONDS}s:5m])"
            ),
        )
    except BudgetError as error:
        return Facts(now=now, faults=(Finding(rule=RuleName.UNREADABLE, says=_advice(error)),))


def _advice(error: BudgetError) -> str:
    if isinstance(error, Unreachable):
        return f"{error}: start it, or name another with --prometheus"
    return str(error)


def _measured(
    source: Source, readings: Readings, days: Iterable[float], ours: str
) -> Iterator[tuple[float, Measurements]]:
    for each in days:
        ranges = () if readings.seeded is None else real_ranges(readings.seeded, each, readings.at)
        if ranges:
            found = [_sums(source, ours, length, ago) for length, ago in ranges]
            seconds = sum(length for length, _ in ranges)
            yield each, Measurements(seconds=seconds, sums=_joined(found, ranges))


def real_ranges(seeded: tuple[float, float], days: float, now: float) -> tuple[tuple[int, int], ...]:
    """What of the last *days* lies outside the *seeded* range, as (seconds, ended so many seconds ago).

    Returns: the newest first; empty where the period holds nothing seeded, or nothing else.
    """
    if not 0 < days <= 90:
        return ()
    begin, (first, last) = now - days * windows.DAY, seeded
    if last <= begin or first >= now:
        return ()
    after, before = int(now - last - BLURRED_SECONDS), int(min(first, now) - begin)
    found = ((after, 0), (before, int(now - first)))
    return tuple((length, ago) for length, ago in found if length >= STEP_SECONDS)


def _sums(source: Source, ours: str, length: int, ago: int) -> dict[str, tuple[Sample, ...]]:
    over = f"[{length}s:{STEP_SECONDS}s]" + (f" offset {ago}s" if ago else "")
    step = windows.spell(STEP_SECONDS)
    bad, total = conventions.bad_average(step), conventions.total_average(step)
    ratio = conventions.sli_ratio(windows.spell(windows.BASE_SECONDS))
    return {
        BAD: source.instant(f"{STEP_SECONDS} * sum_over_time({bad}{{{ours}}}{over})"),
        TOTAL: source.instant(f"{STEP_SECONDS} * sum_over_time({total}{{{ours}}}{over})"),
        RATIO: source.instant(f"avg_over_time({ratio}{{{ours}}}{over})"),
    }


def _joined(
    found: list[dict[str, tuple[Sample, ...]]], ranges: tuple[tuple[int, int], ...]
) -> dict[str, tuple[Sample, ...]]:
    """Sums of both sides of a seeded range put together; averages weighted by their lengths."""
    if len(found) == 1:
        return found[0]
    joined: dict[str, tuple[Sample, ...]] = {}
    for name in (BAD, TOTAL, RATIO):
        added: dict[frozenset[tuple[str, str]], list[tuple[Sample, float]]] = {}
        for sums, (length, _) in zip(found, ranges, strict=True):
            for sample in sums[name]:
                added.setdefault(frozenset(sample.labels.items()), []).append((sample, float(length)))
        joined[name] = tuple(_added(parts, average=name == RATIO) for parts in added.values())
    return joined


def _added(parts: list[tuple[Sample, float]], *, average: bool) -> Sample:
    first = parts[0][0]
    if average:
        value = sum(sample.value * length for sample, length in parts) / sum(length for _, length in parts)
    else:
        value = sum(sample.value for sample, _ in parts)
    return Sample(labels=first.labels, value=value, at=first.at)
