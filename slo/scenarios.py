"""The courses of traffic that every SLO is tested with, each cut to length by the forecast.

All of them start with a history, for a window that is mostly empty would decide by a few minutes. Windows weigh events,
so that a few busy minutes stand for hours of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from math import ceil, sqrt

from slo import promql
from slo.forecast import Firing, Phase, Plan, firing
from slo.windows import HOUR, MINUTE, for_period

RATE = 100.0
"""Events per second wherever traffic is not the point."""
BAD_RATE = Fraction(1, 10)
"""Bad events per second that the budget always allows: beyond 99.9 % traffic grows with the objective, so that a
counter's growth is never lost in rounding, and guards have something to count."""
PAGE_STEP, TICKET_STEP = 60, 120
PAGE_SAMPLE, TICKET_SAMPLE = 15, 60
BUSY, HISTORY = 5 * MINUTE, 65 * MINUTE
TICKET_HISTORY = 2 * HOUR
LONGEST_OUTAGE = HOUR
LONGEST_BURN = 8 * HOUR


def base(additive: bool, period_days: int, budget: str, min_failures: int) -> Plan:
    """A plan without a course, at the pace of pages."""
    return Plan((), additive, PAGE_SAMPLE, PAGE_STEP, period_days, budget, min_failures)


def rate(plan: Plan) -> float:
    """Events per second: a whole number, for sums of fractions drift."""
    return max(RATE, float(ceil(BAD_RATE / Fraction(plan.budget))))


def half_burn(plan: Plan) -> Plan:
    """Errors at half the rate that the budget allows."""
    total = rate(plan)
    return replace(plan, phases=(Phase(20 * MINUTE, total, total * float(plan.budget) / 2),))


@lru_cache(maxsize=64)
def outage(plan: Plan) -> Plan:
    """A good history, a full outage until three minutes after the page, and a recovery until it is over.

    The history holds as many events as the longest window of the page does. Where even a full outage does not page, an
    hour of it and an hour after it.
    """
    total = rate(plan)
    before = for_period(plan.period_days).page_slow.long_seconds - (HISTORY - BUSY)
    good = (Phase(BUSY, total * max(1, before // BUSY), 0.0), Phase(HISTORY - BUSY, total, 0.0))
    long = replace(plan, phases=(*good, Phase(LONGEST_OUTAGE, total, total)))
    start = first(firing(long).page)
    lasts = LONGEST_OUTAGE if start is None else start[1] * plan.step_seconds - HISTORY + 3 * MINUTE
    broken = Phase(lasts, total, total)
    longer = replace(plan, phases=(*good, broken, Phase(HOUR, total, 0.0)))
    end = last(firing(longer).page)
    rest = HOUR if end is None else (end[1] + 4) * plan.step_seconds - HISTORY - lasts
    return replace(plan, phases=(*good, broken, Phase(max(rest, 2 * MINUTE), total, 0.0)))


@lru_cache(maxsize=64)
def slow_burn(plan: Plan) -> Plan:
    """Errors too slow for a page, until ten minutes after the ticket (or for as long as is bearable)."""
    windows = for_period(plan.period_days)
    between = sqrt(float(windows.ticket_quick.factor * windows.page_slow.factor))
    total = rate(plan)
    # Whole events at each sample: next to many good ones a float holds no fractions.
    bad = round(min(1.0, between * float(plan.budget)) * total * TICKET_SAMPLE) / TICKET_SAMPLE
    good, burning = Phase(TICKET_HISTORY, total, 0.0), Phase(LONGEST_BURN, total, bad)
    plan = replace(plan, phases=(good, burning), sample_seconds=TICKET_SAMPLE, step_seconds=TICKET_STEP)
    start = first(firing(plan).ticket)
    if start is None:
        return replace(plan, phases=(good, replace(burning, seconds=HOUR)))
    lasts = start[1] * TICKET_STEP - TICKET_HISTORY + 10 * MINUTE
    return replace(plan, phases=(good, replace(burning, seconds=lasts)))


def quiet(plan: Plan) -> Plan:
    """No traffic at all."""
    return replace(plan, phases=(Phase(10 * MINUTE, 0.0, 0.0),))


def first(both: tuple[Sequence[bool], Sequence[bool]]) -> tuple[int, int] | None:
    """The earliest and the latest evaluation at which an alert begins to fire, over both kinds of Prometheus."""
    starts = [states.index(True) for states in both if True in states]
    return (min(starts), max(starts)) if len(starts) == 2 else None


def last(both: tuple[Sequence[bool], Sequence[bool]]) -> tuple[int, int] | None:
    """The earliest and the latest last evaluation at which an alert fires."""
    ends = [len(states) - 1 - states[::-1].index(True) for states in both if True in states]
    return (min(ends), max(ends)) if len(ends) == 2 else None


def certain(states: Firing, step: int) -> tuple[bool | None, bool | None]:
    """Whether page and ticket fire at *step*; None where the two kinds of Prometheus differ."""
    page = {both[step] for both in states.page}
    ticket = {both[step] for both in states.ticket}
    return (page.pop() if len(page) == 1 else None, ticket.pop() if len(ticket) == 1 else None)


def burn_ratio(plan: Plan) -> str:
    """The error ratio of the last phase, for titles."""
    phase = plan.phases[-1]
    return promql.number(round(phase.bad / phase.total, 9)) if phase.total else "0"
