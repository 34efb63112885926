"""The verdict on a range for programs: plain JSON values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from budget.time_range import Grid, spelt
from budget.verdict import Judgement, overall


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was judged: the range, the class of traffic, the server, and what is said of each SLO.

    named: whether the SLOs were asked for by their ids, so that none of them may be without data.
    """

    grid: Grid
    traffic: str
    prometheus: str
    rows: tuple[Judgement, ...]
    named: bool

    @property
    def verdict(self) -> str:
        """pass, fail or no data."""
        return overall(self.rows, named=self.named)


def as_json(run: Run) -> dict[str, Any]:
    """The same figures: ratios 0–1, null where there is no value, times as RFC 3339."""
    return {
        "from": spelt(run.grid.start),
        "to": spelt(run.grid.end),
        "traffic": run.traffic,
        "prometheus": run.prometheus,
        "step_seconds": run.grid.step_seconds,
        "slos": slos(run.rows),
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
