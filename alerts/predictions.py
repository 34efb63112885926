"""When the alerts of an SLO fire and stop, by the forecast that its generated unit tests hold the rules against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from alerts import conditions
from slo import promql, rule_context, scenarios
from slo.budget import error_budget
from slo.forecast import Phase, Plan, firing
from slo.model import Events, Plugin, Slo
from slo.windows import BASE_SECONDS, HOUR

Seconds = tuple[int, int]
"""The earliest and the latest moment: Prometheus 2 counts a sample at the very start of a range, 3 does not."""

RECOVERIES = (HOUR, 8 * HOUR)
"""How long good traffic is followed until a ticket closes: mostly within an hour, and the longest of a ticket's short
windows holds six."""


@dataclass(frozen=True, slots=True)
class Course:
    """A full outage after a good history, and a slow burn after two good hours. Times are seconds.

    page, ticket:   after the fault began, None where it is not told. page_over, ticket_over: after it ended.
    ratio:          the share of events that is bad in the slow burn, as text.
    """

    page: Seconds | None
    page_over: Seconds | None
    ratio: str
    ticket: Seconds | None
    ticket_over: Seconds | None


def of(slo: Slo) -> Course | None:
    """What is predicted for *slo*; None where a plugin measures it."""
    return None if isinstance(slo.sli, Plugin) else _course(plan(slo))


def plan(slo: Slo) -> Plan:
    """The plan of *slo*'s unit tests, without a course."""
    additive = isinstance(slo.sli, Events) and rule_context.is_additive(slo.sli)
    budget = promql.number(error_budget(slo))
    return scenarios.base(additive, slo.period_days, budget, conditions.failures(slo))


def absent_after(slo: Slo) -> int:
    """Seconds from the last sample of *slo*'s series until somebody is told: a rate lives for five minutes more."""
    gone = BASE_SECONDS - scenarios.PAGE_SAMPLE
    return -(-gone // scenarios.PAGE_STEP) * scenarios.PAGE_STEP + slo.alerting.absent_after_seconds


@lru_cache(maxsize=4096)
def _course(base: Plan) -> Course:
    """Many SLOs share a plan; the forecast forgets long before a large catalogue is through."""
    outage, slow = scenarios.outage(base), burn(base)
    broken, good = outage.phases[-2].seconds, scenarios.TICKET_HISTORY
    pages, tickets = firing(outage).page, firing(slow).ticket
    return Course(
        page=_after(scenarios.first(pages), outage, scenarios.HISTORY),
        page_over=_after(_over(pages, outage), outage, scenarios.HISTORY + broken),
        ratio=scenarios.burn_ratio(replace(slow, phases=slow.phases[:2])),
        ticket=_after(scenarios.first(tickets), slow, good),
        ticket_over=_after(_over(tickets, slow), slow, good + slow.phases[1].seconds),
    )


def burn(base: Plan) -> Plan:
    """The slow burn of *base*'s unit tests, and good traffic after it until its ticket closes."""
    plan = scenarios.slow_burn(base)
    total, longer = plan.phases[-1].total, plan
    for seconds in RECOVERIES:
        longer = replace(plan, phases=(*plan.phases, Phase(seconds, total, 0.0)))
        if _over(firing(longer).ticket, longer) is not None:
            break
    return longer


def _over(both: tuple[tuple[bool, ...], tuple[bool, ...]], plan: Plan) -> Seconds | None:
    """The first evaluation after the last at which it fires; None where it never does, or does to the end."""
    end = scenarios.last(both)
    if end is None or (end[1] + 1) * plan.step_seconds > plan.seconds:
        return None
    return end[0] + 1, end[1] + 1


def _after(steps: Seconds | None, plan: Plan, begin: int) -> Seconds | None:
    if steps is None:
        return None
    return steps[0] * plan.step_seconds - begin, steps[1] * plan.step_seconds - begin
