"""What the rules of an SLO would have recorded of its events: the native engine's records, computed with arrays.

slo/event_records.py has the expressions that this agrees with; a test asks a real Prometheus for each of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from local.past.draw import Floats, Labels
from local.past.events import Counted
from local.past.over_time import last
from slo import conventions as names
from slo import rules, windows
from slo.budget import error_budget
from slo.model import Slo, pairs
from slo.rule import Record
from slo.rule_context import (
    BASE,
    LONGEST_RAW_SECONDS,
    SLOW_SECONDS,
    STEP,
    is_doubled,
    is_recent,
    newest_seconds,
    shared,
)
from slo.windows import MINUTE, spell


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded series: a value for each minute."""

    name: str
    labels: Labels
    values: Floats


def recorded(slo: Slo, counted: Counted) -> Iterator[Recorded]:
    """Every record of *slo*, from the first minute of *counted* on: before it nothing had been measured.

    Raises:  KeyError: the rules have a record that is not known here.
    """
    values, inherited = _values(slo, counted), _inherited(slo)
    for group in rules.groups(shared(slo)):
        for rule in group.rules:
            assert isinstance(rule, Record)
            yield Recorded(rule.name, pairs(inherited.get(rule.name, ()), rule.labels), values[rule.name])


def _inherited(slo: Slo) -> dict[str, Labels]:
    """The labels that a rule's result has from what it reads: the window of the ratio."""
    period = ((names.WINDOW, spell(windows.for_period(slo.period_days).period_seconds)),)
    return {
        names.CURRENT_BURN_RATE: ((names.WINDOW, BASE),),
        names.PERIOD_BURN_RATE: period,
        names.BUDGET_REMAINING: period,
    }


def _values(slo: Slo, counted: Counted) -> dict[str, Floats]:
    plan = windows.for_period(slo.period_days)
    budget = float(error_budget(slo))
    constants = {
        names.OBJECTIVE: float(slo.objective / 100),
        names.ERROR_BUDGET: budget,
        names.PERIOD_DAYS: float(slo.period_days),
        names.INFO: 1.0,
    }
    found = {name: np.full(len(counted.total), value) for name, value in constants.items()}
    for seconds in plan.page_seconds:
        if seconds <= LONGEST_RAW_SECONDS:
            bad, total = (last(each, seconds // MINUTE) / seconds for each in (counted.bad, counted.total))
            _put(found, spell(seconds), bad, total)
    newest = newest_seconds(plan)
    halves = (found[names.bad_rate(spell(newest))], found[names.total_rate(spell(newest))])
    fives = (found[names.bad_rate(BASE)], found[names.total_rate(BASE)])
    for seconds in plan.page_seconds:
        if is_doubled(plan, seconds):
            bad, total = ((half + _earlier(half, newest)) / 2 for half in halves)
            _put(found, spell(seconds), bad, total)
        elif is_recent(plan, seconds):
            older = (seconds - newest - windows.BASE_SECONDS) // MINUTE
            bad, total = (
                newest * half + MINUTE * last(_earlier(five, newest), older)
                for half, five in zip(halves, fives, strict=True)
            )
            found[names.recent_ratio(spell(seconds))] = _ratio(bad, total)
    found[names.CURRENT_BURN_RATE] = found[names.sli_ratio(BASE)] / budget
    bad, total = (last(five, 2) / _count(five, 2) for five in fives)
    found |= {names.bad_average(STEP): bad, names.total_average(STEP): total}
    summed = {seconds for seconds in plan.page_seconds if is_recent(plan, seconds)}
    for seconds in (*plan.ticket_only_seconds, *summed):
        found[names.sli_ratio(spell(seconds))] = _ratio(_stepped(bad, seconds), _stepped(total, seconds))
    period = spell(plan.period_seconds)
    failed, all_events = (_stepped(each, plan.period_seconds) * SLOW_SECONDS for each in (bad, total))
    ratio = _ratio(failed, all_events)
    return found | {
        names.bad_increase(period): failed,
        names.total_increase(period): all_events,
        names.sli_ratio(period): ratio,
        names.BUDGET_EVENTS_REMAINING: budget * all_events - failed,
        names.PERIOD_BURN_RATE: ratio / budget,
        names.BUDGET_REMAINING: 1 - ratio / budget,
    }


def _put(found: dict[str, Floats], window: str, bad: Floats, total: Floats) -> None:
    found |= {
        names.bad_rate(window): bad,
        names.total_rate(window): total,
        names.sli_ratio(window): _ratio(bad, total),
    }


def _ratio(bad: Floats, total: Floats) -> Floats:
    """Bad among all; 0 without traffic."""
    return np.divide(bad, total, out=np.zeros_like(total), where=total > 0)


def _count(values: Floats, count: int) -> Floats:
    """How many values `last` adds up."""
    return np.minimum(np.arange(1, len(values) + 1), count).astype(np.float64)


def _earlier(values: Floats, seconds: int) -> Floats:
    """The values of *seconds* before; 0 before the first."""
    places = seconds // MINUTE
    return np.concatenate((np.zeros(places), values[:-places]))[: len(values)]


def _stepped(values: Floats, seconds: int) -> Floats:
    """Sum over a window at steps of two minutes of the clock, as a subquery takes them: the first value is at such."""
    sums = last(values[::2], seconds // SLOW_SECONDS)
    return np.repeat(sums, 2)[: len(values)]
