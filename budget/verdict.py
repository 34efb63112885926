"""Whether a range kept each SLO's promise, what of its budget that spent, and whom it would have told. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from budget.verdict_alerts import fires_after
from budget.verdict_counts import Counts
from slo import conventions
from slo.budget import error_budget
from slo.model import Slo
from slo.windows import DAY

PASS, FAIL, NO_DATA = "pass", "fail", "no data"
LOW_TRAFFIC, ESTIMATED, GAPS = "low traffic", "estimated", "gaps"
RECORDED, RUN_RATE = "recorded", "run rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a range says of one SLO. Figures are None where nothing was counted; `reason` then says why.

    traffic:        the class that was counted: user, probe, load, any traffic, or mixed.
    sli:            share of good events, 0–1. objective: as in the spec, 0–1.
    budget_spent:   bad events as a share of what the SLO's period allows; 1 is all of it.
    period_events:  events of that period, and `basis` where they come from: recorded (those of users in the period
                    until the range's end), or the run's rate, held for a whole period.
    page_after, ticket_after: seconds from the start until they would have fired (`verdict_alerts`).
    gaps:           when nothing was measured, for people.
    marks:          which of low traffic (one failure alone would have decided), estimated, gaps hold.
    seeded:         share of the period whose recorded events are made up; None where none is known to be.
    """

    slo: Slo
    traffic: str
    verdict: str
    reason: str = ""
    bad: float | None = None
    total: float | None = None
    budget_spent: float | None = None
    period_events: float | None = None
    basis: str | None = None
    page_after: float | None = None
    ticket_after: float | None = None
    gaps: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    seeded: float | None = None

    @property
    def objective(self) -> float:
        """The share of events that was promised to be good."""
        return float(self.slo.objective / 100)

    @property
    def good(self) -> float | None:
        """Good events."""
        return None if self.total is None or self.bad is None else self.total - self.bad

    @property
    def sli(self) -> float | None:
        """The share of good events."""
        return None if not self.total or self.bad is None else 1 - self.bad / self.total


def judge(slo: Slo, counts: Counts, traffic: str, *, recorded: float | None, seeded: float | None = None) -> Judgement:
    """What *counts* say of *slo*.

    Args:  recorded: events of users in the SLO's period, if a record tells. seeded: the part of it that is made up.
    """
    total, bad = sum(counts.total), max(0.0, sum(counts.bad))
    if total <= 0:
        return nothing(slo, traffic, "no events of this class in the range", counts.gaps)
    budget = error_budget(slo)
    run_seconds = len(counts.total) * counts.step_seconds
    if recorded and math.isfinite(recorded):
        basis, events = RECORDED, recorded
    else:
        basis, events = RUN_RATE, total / run_seconds * slo.period_days * DAY
    holds = {
        LOW_TRAFFIC: total * float(budget) < 1,
        ESTIMATED: counts.estimated,
        GAPS: bool(counts.gaps),
    }
    return Judgement(
        slo=slo,
        traffic=traffic,
        # Exact, as the objective is written: 0.1 % of 1,000 events is one, and no hair less.
        verdict=PASS if Decimal(bad) <= budget * Decimal(total) else FAIL,
        bad=bad,
        total=total,
        budget_spent=bad / (events * float(budget)),
        period_events=events,
        basis=basis,
        page_after=fires_after(slo, counts, conventions.PAGE),
        ticket_after=fires_after(slo, counts, conventions.TICKET),
        gaps=counts.gaps,
        marks=tuple(mark for mark, found in holds.items() if found),
        seeded=seeded if basis == RECORDED else None,
    )


def nothing(slo: Slo, traffic: str, reason: str, gaps: tuple[str, ...] = ()) -> Judgement:
    """That nothing can be said, and why."""
    return Judgement(slo=slo, traffic=traffic, verdict=NO_DATA, reason=reason, gaps=gaps, marks=(GAPS,) if gaps else ())


def overall(rows: Iterable[Judgement], *, named: bool) -> str:
    """Fail if any fails; else pass if any passes.

    Args:  named: these SLOs were asked for by name, and each must have data.
    """
    found = {row.verdict for row in rows}
    if FAIL in found:
        return FAIL
    return PASS if PASS in found and not (named and NO_DATA in found) else NO_DATA


def worst_first(rows: Iterable[Judgement]) -> tuple[Judgement, ...]:
    """What failed, by what it spent; what passed, what would have told somebody first; what nothing is known of."""
    order = {FAIL: 0, PASS: 1, NO_DATA: 2}
    return tuple(
        sorted(
            rows,
            key=lambda row: (
                order[row.verdict],
                row.page_after is None,
                row.ticket_after is None,
                -(row.budget_spent or 0.0),
            ),
        )
    )
