"""The status of every SLO for people (a rich table) and for programs (plain JSON values)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from budget.status import LOW_TRAFFIC, NO_DATA, OK, SloStatus
from slo import conventions

MISSING = "-"
_STYLES = {OK: "green", NO_DATA: "dim", LOW_TRAFFIC: "dim", conventions.PAGE: "bold white on red"}
# Below so many columns, what matters least is left out.
WIDE = 120


def table(rows: Sequence[SloStatus], *, plain: bool = False, columns: int = 160) -> Table:
    """One line per SLO. *plain*: columns alone, for files and pipes. *columns*: how wide it may be."""
    seeded, wide = any(row.seeded for row in rows), columns >= WIDE
    made = Table(box=None if plain else box.SIMPLE_HEAD, pad_edge=False, header_style="" if plain else "bold")
    for name in ("service", "slo"):
        made.add_column(name, no_wrap=True)
    for name in _figures(seeded=seeded, wide=wide):
        made.add_column(name, justify="right", no_wrap=True)
    made.add_column("alerts", no_wrap=True)
    for row in rows:
        figures = _figures(seeded=seeded, wide=wide).values()
        made.add_row(
            # Names come from series that anybody may write: as Text they are never read as markup.
            Text(row.service),
            Text(" ".join((row.slo, *row.labels.values()))),
            *(figure(row) for figure in figures),
            Text(row.alert, style=_STYLES.get(row.alert, "yellow")),
        )
    return made


def summary(rows: Sequence[SloStatus]) -> str:
    """How many promises are kept, and how much of what is shown is made up."""
    spent = sum(row.budget_remaining is not None and row.budget_remaining <= 0 for row in rows)
    unknown = sum(row.budget_remaining is None for row in rows)
    parts = [f"{len(rows)} SLOs: {len(rows) - spent - unknown} with budget left, {spent} without"]
    if unknown:
        parts.append(f"{unknown} without data")
    if share := max((row.seeded for row in rows), default=0.0):
        parts.append(f"seeded: up to {share:.0%} of a period is made up, not measured")
    return "; ".join(parts)


def as_json(rows: Sequence[SloStatus]) -> dict[str, Any]:
    """The same figures: ratios 0–1, null where there is no value, times as RFC 3339."""
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
                "burn": {"5m": row.burn_rate, "1h": row.burn_rate_1h, "6h": row.burn_rate_6h},
                "budget_left": row.budget_remaining,
                "events_left": row.events_remaining,
                "events": row.events,
                "bad_events": row.bad_events,
                "exhausted_at": None if row.exhausted_at is None else _moment(row.exhausted_at),
                "alert": row.alert,
                "alerts": [{"name": name, "severity": severity} for name, severity in row.alerts],
                "low_traffic": row.low_traffic,
                "seeded": row.seeded,
            }
            for row in rows
        ]
    }


def _figures(*, seeded: bool, wide: bool) -> dict[str, Callable[[SloStatus], str | Text]]:
    """The columns between the names and the alerts, in order."""
    return {
        "objective": lambda row: _percent(row.objective, digits=6),
        **({"period": lambda row: _period(row.period_days, missing=MISSING) or MISSING} if wide else {}),
        **({"good": lambda row: _percent(row.sli, digits=6)} if wide else {}),
        "burn 5m": lambda row: _rate(row.burn_rate),
        **({"1h": lambda row: _rate(row.burn_rate_1h)} if wide else {}),
        "6h": lambda row: _rate(row.burn_rate_6h),
        "budget left": lambda row: _left(row.budget_remaining),
        "events left": lambda row: MISSING if row.events_remaining is None else f"{row.events_remaining:,.0f}",
        "exhausted": _exhausted,
        **({"seeded": lambda row: f"{row.seeded:.0%}"} if seeded and wide else {}),
    }


def _exhausted(row: SloStatus) -> str:
    """When the budget is spent, at the pace of the last six hours."""
    if row.budget_remaining is None:
        return MISSING
    if row.budget_remaining <= 0:
        return "spent"
    if row.exhausted_at is None:
        return "never"
    hours = row.budget_remaining / (row.burn_rate_6h or 1) * (row.period_days or 0) * 24
    return f"in {hours:.0f} h" if hours < 48 else f"in {hours / 24:.0f} d"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _rate(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}"


def _left(ratio: float | None) -> Text:
    if ratio is None:
        return Text(MISSING)
    return Text(f"{ratio:.1%}", style="red" if ratio <= 0 else "yellow" if ratio < 0.25 else "green")


def _percent(ratio: float | None, *, digits: int) -> str:
    return MISSING if ratio is None else f"{ratio * 100:.{digits}g}%"


def _period(days: float | None, *, missing: str | None) -> str | None:
    return missing if days is None else f"{days:g}d"
