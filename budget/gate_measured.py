"""An SLO's status with everything taken out that was seeded and not measured."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from budget.answers import Sample
from budget.gate_facts import BAD, BLURRED_SECONDS, RATIO, TOTAL, Facts, Measurements
from budget.gate_rules import Measured
from budget.identity import Key, key_of, of_slo
from budget.policy import Policy
from budget.status import EXHAUSTED, SloStatus
from budget.trust import spelt
from slo import conventions, windows

HINT = "outside local a seeded past never counts (on this machine's platform: --environment local)"


def key(row: SloStatus) -> Key:
    """*row*'s identity, as series have it."""
    ids = {conventions.ID: row.id, conventions.SERVICE: row.service, conventions.SLO: row.slo}
    return key_of({**ids, **row.labels})


def measured(row: SloStatus, facts: Facts, policy: Policy, *, seeded_counts: bool) -> Measured:
    """*row* as far as it was measured."""
    seeded = None if facts.readings is None or seeded_counts else facts.readings.seeded
    if seeded is None or (row.period_days is not None and row.seeded is None):
        return Measured(row=row, seconds=(row.period_days or 0) * windows.DAY)
    since = row.at - seeded[1]
    sums = (facts.measured or {}).get(row.period_days or 0)
    if since < policy.least_real_seconds or sums is None:
        done = f"its history is seeded until {spelt(since)} ago" if since > 0 else "its history is seeded"
        why = f"{done}, less than {spelt(policy.least_real_seconds)} are measured: {HINT}"
        return Measured(row=_without_past(row), seconds=None, why_not=why)
    counted = _counted(row, sums)
    if counted.budget_remaining is None:
        why = f"nothing was measured in the {spelt(since)} since its seeded history: {HINT}"
        return Measured(row=counted, seconds=None, why_not=why)
    return Measured(row=counted, seconds=sums.seconds)


def _without_past(row: SloStatus) -> SloStatus:
    """Nothing that a seeded past is a part of."""
    return replace(
        row,
        sli=None,
        budget_remaining=None,
        events_remaining=None,
        events=None,
        bad_events=None,
        seconds_left=None,
        burn_rate_1h=None,
        burn_rate_6h=None,
        states=tuple(state for state in row.states if state != EXHAUSTED),
    )


def _counted(row: SloStatus, part: Measurements) -> SloStatus:
    """What follows from the events, or else the average ratio, of the measured part."""
    bare = replace(_without_past(row), burn_rate_1h=row.burn_rate_1h)
    if row.seeded is not None and row.at - row.seeded.end >= 6 * windows.HOUR + BLURRED_SECONDS:
        bare = replace(bare, burn_rate_6h=row.burn_rate_6h)
    bad, total, ratio = (_value(part.sums, name, row) for name in (BAD, TOTAL, RATIO))
    if row.objective is None or row.objective >= 1:
        return bare
    budget = 1 - row.objective
    if total is not None:
        if total <= 0:
            return bare
        ratio = min((bad or 0) / total, 1.0)
    if ratio is None:
        return bare
    found = replace(bare, sli=1 - ratio, budget_remaining=1 - ratio / budget)
    if total is not None and row.events_remaining is not None:
        bad = bad or 0.0
        found = replace(found, events=total, bad_events=bad, events_remaining=budget * total - bad)
    return replace(found, states=(EXHAUSTED, *found.states)) if ratio >= budget else found


def _value(sums: Mapping[str, tuple[Sample, ...]], name: str, row: SloStatus) -> float | None:
    values = [sample.value for sample in of_slo(key(row), sums.get(name, ()))]
    return next((value for value in values if math.isfinite(value)), None)
