"""The verdict on a range for programs: plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from budget import verdict_drill
from budget.time_range import Grid, spelt
from budget.verdict import FAIL, NO_DATA, PASS, Judgement, overall
from budget.verdict_drill import DrillJudgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was judged: the range, the class of traffic, the server, and what is said of each SLO.

    grid:   None for a drill of which nobody says when it was.
    named:  whether the SLOs were asked for by their ids, so that none of them may be without data.
    drills: those of the scorecard, where drills are judged. notes: what limits it all, for people.
    """

    grid: Grid | None
    traffic: str
    prometheus: str
    rows: tuple[Judgement, ...]
    named: bool
    drills: tuple[DrillJudgement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def slos_decide(self) -> bool:
        """Whether an SLO that was not kept fails the run: a drill breaks promises on purpose, but for those named."""
        return self.named or not self.drills

    @property
    def verdict(self) -> str:
        """pass, fail or no data; of drills the worst, and each must have data."""
        of_slos = overall(self.rows, named=self.named)
        if not self.drills:
            return of_slos
        found = {each.verdict for each in self.drills} | ({of_slos} if self.named else set())
        return next(verdict for verdict in (FAIL, NO_DATA, PASS) if verdict in found)


def as_json(run: Run) -> dict[str, Any]:
    """The same figures: ratios 0–1, null where there is no value, times as RFC 3339."""
    return {
        "from": None if run.grid is None else spelt(run.grid.start),
        "to": None if run.grid is None else spelt(run.grid.end),
        "traffic": run.traffic,
        "prometheus": run.prometheus,
        "step_seconds": None if run.grid is None else run.grid.step_seconds,
        "drills": [verdict_drill.as_json(each) for each in run.drills],
        "slos": slos(run.rows),
        "slos_decide": run.slos_decide,
        "notes": list(run.notes),
        "verdict": run.verdict,
    }


def slos(rows: Sequence[Judgement]) -> list[dict[str, Any]]:
    """One object per SLO."""
    return [_slo(row) for row in rows]


def _slo(row: Judgement) -> dict[str, Any]:
    return {
        "id": row.slo.id,
        "service": row.slo.service,
        "slo": row.slo.name,
        "journey": row.slo.journey or None,
        "objective": row.objective,
        "traffic": row.traffic,
        "good": row.good,
        "bad": row.bad,
        "total": row.total,
        "sli": row.sli,
        "verdict": row.verdict,
        "reason": row.reason or None,
        "budget_spent": row.budget_spent,
        "basis": row.basis,
        "period_events": row.period_events,
        "seeded": row.seeded,
        "would_page": row.page_after is not None,
        "would_page_after_s": row.page_after,
        "would_ticket": row.ticket_after is not None,
        "would_ticket_after_s": row.ticket_after,
        "marks": list(row.marks),
        "gaps": list(row.gaps),
    }
