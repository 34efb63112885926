"""Asks Prometheus for all that the verdicts on a range need, and has each SLO judged."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from budget import history, trust, verdict_counts, verdict_sli
from budget.answers import Sample
from budget.time_range import Grid
from budget.verdict import Judgement, judge, nothing
from budget.verdict_counts import Counts, Reading
from budget.verdict_sli import Counters, NotCounted
from budget.verdict_targets import Source
from slo import conventions
from slo.model import Slo
from slo.windows import DAY, spell

_PERIOD_EVENTS = f'{{__name__=~"{conventions.total_increase("")}.+",{conventions.ID}!=""}}'


def verdicts(source: Source, slos: Sequence[Slo], grid: Grid, traffic: str) -> tuple[Judgement, ...]:
    """What the range says of each of *slos*, in their order.

    Raises:  Unreachable, QueryFailed.
    """
    plans = [verdict_sli.plan(slo, traffic) for slo in slos]
    reading = Reading(source, grid, (plan for plan in plans if isinstance(plan, Counters)))
    recorded, seeded = _recorded(source, grid.end), history.seeded(source, grid.end)
    return tuple(
        _judged(
            source, reading, grid, slo, plan, traffic, recorded=_of(slo, recorded), seeded=_share(slo, seeded, grid)
        )
        for slo, plan in zip(slos, plans, strict=True)
    )


def _judged(
    source: Source,
    reading: Reading,
    grid: Grid,
    slo: Slo,
    plan: verdict_sli.Plan,
    traffic: str,
    *,
    recorded: float | None,
    seeded: float | None,
) -> Judgement:
    if isinstance(plan, NotCounted):
        return nothing(slo, traffic, plan.reason)
    counts: Counts | None
    if isinstance(plan, Counters):
        counts, gaps = reading.counts(plan), reading.gaps(plan)
    else:
        counts, gaps = verdict_counts.asked(source, plan, grid), ()
    if counts is None:
        return nothing(slo, plan.traffic, "no series of this class in the range", gaps)
    return judge(slo, counts, plan.traffic, recorded=recorded, seeded=seeded)


# --- the period's events --------------------------------------------------------------------------------------------


def _recorded(source: Source, at: float) -> dict[tuple[str, str], list[Sample]]:
    """What the rules have counted in each SLO's period, by id and name of the record."""
    found: dict[tuple[str, str], list[Sample]] = defaultdict(list)
    for sample in source.instant(_PERIOD_EVENTS, at=at):
        found[sample.labels.get(conventions.ID, ""), sample.labels.get("__name__", "")].append(sample)
    return found


def _of(slo: Slo, recorded: dict[tuple[str, str], list[Sample]]) -> float | None:
    """Events of *slo*'s period; those of all copies that its labels fit, for so many does its query sum."""
    samples = recorded.get((slo.id, conventions.total_increase(spell(slo.period_days * DAY))), [])
    fitting = [s.value for s in samples if all(s.labels.get(name) == value for name, value in slo.identity)]
    return sum(fitting) if fitting else None


def _share(slo: Slo, seeded: tuple[float, float] | None, grid: Grid) -> float | None:
    part = trust.seeded_part(seeded, slo.period_days, grid.end)
    return None if part is None else part.share
