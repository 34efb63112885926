"""Which records an SLO's alerts are made of, and in which order: each level reads those before it. Pure.

The generator's own rules are sorted here and nothing of them is written anew, so that a backtest evaluates what
production would.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from slo import conventions as names
from slo import promql, rules
from slo.budget import error_budget
from slo.model import Events, Slo
from slo.rule import Alert, Record
from slo.rule_context import BASE, SLOW_SECONDS, SloRules, shared
from slo.windows import DAY, HOUR, MINUTE

STEP_SECONDS = MINUTE
"""Between evaluations of the fast group, which has one every 30 seconds in production; the slow one has its own."""
CURVE_SECONDS = HOUR
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alert, and how often its group evaluates it."""

    alert: Alert
    step_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """An SLO and the alerts that its rules have: as it is written, or as it would be."""

    slo: Slo
    alerts: tuple[Told, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A record, how often it is evaluated, and whether it is needed for a whole period before the range."""

    record: Record
    step_seconds: int
    whole_period: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is evaluated for variants that share their records.

    levels:  each reads those before it; the first reads raw series alone.
    measured: the record of the first level that is there whenever the SLI was measured.
    """

    variants: tuple[Variant, ...]
    levels: tuple[tuple[Step, ...], ...]
    measured: str
    period_seconds: int
    alert_seconds: int


def variant(slo: Slo, fast: Iterable[Alert], slow: Iterable[Alert]) -> Variant:
    """*slo* with the alerts of its fast and of its slow group, as `alerts` makes them."""
    both = ((fast, STEP_SECONDS), (slow, SLOW_SECONDS))
    return Variant(
        slo=slo, alerts=tuple(Told(alert=alert, step_seconds=step) for alerts, step in both for alert in alerts)
    )


def courses(variants: Iterable[Variant]) -> tuple[Course, ...]:
    """The variants in as few courses as their records allow: apart where one name would mean two things."""
    found: list[tuple[dict[str, Step], list[Variant]]] = []
    for each in variants:
        own = _steps(each)
        for steps, members in found:
            if all(steps.get(name, step).record == step.record for name, step in own.items()):
                steps.update({name: _joined(steps.get(name), step) for name, step in own.items()})
                members.append(each)
                break
        else:
            found.append((own, [each]))
    return tuple(_course(steps, members) for steps, members in found)


def budget_left(slo: Slo) -> str:
    """The expression of what is left of the budget, 1 being all: the rules' own, from the events of the period."""
    shared_rules = shared(slo)
    record = _all_records(slo)[names.sli_ratio(shared_rules.period)][0]
    return f"1 - (\n{record.expr}\n) / {promql.number(error_budget(slo))}"


def _joined(one: Step | None, other: Step) -> Step:
    return other if one is None else replace(one, whole_period=one.whole_period or other.whole_period)


def _course(steps: dict[str, Step], members: list[Variant]) -> Course:
    rules_of = [shared(each.slo) for each in members]
    longest = max(max(each.windows.all_seconds) for each in rules_of)
    is_events = isinstance(members[0].slo.sli, Events)
    return Course(
        variants=tuple(members),
        levels=_levels(steps),
        measured=names.total_rate(BASE) if is_events else names.sli_ratio(BASE),
        period_seconds=max(each.windows.period_seconds for each in rules_of),
        alert_seconds=longest + DAY // 2,
    )


def _all_records(slo: Slo) -> dict[str, tuple[Record, int]]:
    """Every record that reads series, with its group's step. Bad events ask for all events themselves where they read
    the record of these: both are then known at once.
    """
    fast, slow, _ = rules.groups(shared(slo))
    found = {
        rule.name: (rule, step)
        for group, step in ((fast, STEP_SECONDS), (slow, SLOW_SECONDS))
        for rule in group.rules
        if isinstance(rule, Record)
    }
    return {name: (_alone(record, found, shared(slo)), step) for name, (record, step) in found.items()}


def _alone(record: Record, known: Mapping[str, tuple[Record, int]], of_slo: SloRules) -> Record:
    prefix = names.bad_rate("")
    total = known.get(names.total_rate(record.name.removeprefix(prefix)))
    if not record.name.startswith(prefix) or total is None:
        return record
    return replace(record, expr=record.expr.replace(of_slo.of(total[0].name), f"({total[0].expr})"))


def _steps(of: Variant) -> dict[str, Step]:
    """The records that its alerts and its budget need, and no other."""
    known = _all_records(of.slo)
    period = names.sli_ratio(shared(of.slo).period)
    in_alerts = _reach(known, (told.alert.expr for told in of.alerts))
    for_budget = _reach(known, (known[period][0].expr,))
    counted = {names.bad_increase(shared(of.slo).period), names.total_increase(shared(of.slo).period)}
    return {
        name: Step(
            record=record, step_seconds=CURVE_SECONDS if name in counted else step, whole_period=name in for_budget
        )
        for name, (record, step) in known.items()
        if name in in_alerts | for_budget
    }


def _reach(known: Mapping[str, tuple[Record, int]], expressions: Iterable[str]) -> set[str]:
    found: set[str] = set()
    waiting = list(expressions)
    while waiting:
        new = (set(_NAME.findall(waiting.pop())) & known.keys()) - found
        found |= new
        waiting += [known[name][0].expr for name in new]
    return found


def _levels(steps: Mapping[str, Step]) -> tuple[tuple[Step, ...], ...]:
    order = TopologicalSorter(
        {name: set(_NAME.findall(step.record.expr)) & steps.keys() for name, step in steps.items()}
    )
    order.prepare()
    levels = []
    while order.is_active():
        ready = order.get_ready()
        levels.append(tuple(steps[name] for name in sorted(ready)))
        order.done(*ready)
    return tuple(levels)
