"""The status of every SLO for people (a rich table) and for programs (plain JSON values)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from budget.status import NO_DATA, OK, SloStatus
from slo import conventions

MISSING = "-"
_STYLES = {OK: "green", NO_DATA: "dim", conventions.PAGE: "bold white on red"}


def table(rows: Sequence[SloStatus], *, plain: bool = False) -> Table:
    """One line per SLO. *plain*: columns alone, for files and pipes."""
    made = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, header_style="" if plain else "bold")
    for name in ("service", "slo"):
        made.add_column(name, no_wrap=True)
    for name in ("objective", "period", "good", "burn rate", "budget left", "events left"):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("alerts", no_wrap=True)
    for row in rows:
        made.add_row(*_cells(row))
    return made


def as_json(rows: Sequence[SloStatus]) -> dict[str, Any]:
    """The same figures: ratios 0–1, null where there is no value."""
    return {
        "slos": [
            {
                "id": row.id,
                "service": row.service,
                "slo": row.slo,
                "labels": dict(row.labels),
                "objective": row.objective,
                "window": _period(row.period_days, missing=None),
                "sli": row.sli,
                "burn": row.burn_rate,
                "budget_left": row.budget_remaining,
                "events_left": row.events_remaining,
                "alert": row.alert,
            }
            for row in rows
        ]
    }


def _cells(row: SloStatus) -> tuple[str | Text, ...]:
    # Names come from series that anybody may write: as Text they are never read as markup.
    return (
        Text(row.service),
        Text(" ".join((row.slo, *row.labels.values()))),
        _percent(row.objective, digits=6),
        _period(row.period_days, missing=MISSING) or MISSING,
        _percent(row.sli, digits=6),
        MISSING if row.burn_rate is None else f"{row.burn_rate:.2f}",
        _left(row.budget_remaining),
        MISSING if row.events_remaining is None else f"{row.events_remaining:,.0f}",
        Text(row.alert, style=_STYLES.get(row.alert, "yellow")),
    )


def _left(ratio: float | None) -> Text:
    if ratio is None:
        return Text(MISSING)
    return Text(f"{ratio:.1%}", style="red" if ratio <= 0 else "yellow" if ratio < 0.25 else "green")


def _percent(ratio: float | None, *, digits: int) -> str:
    return MISSING if ratio is None else f"{ratio * 100:.{digits}g}%"


def _period(days: float | None, *, missing: str | None) -> str | None:
    return missing if days is None else f"{days:g}d"
