"""The status of every SLO for people: a table, and beneath it what fires and how much of it all to believe."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from rich import box
from rich.table import Table

from budget.columns import GAP, fitting
from budget.plain_text import printable
from budget.status import EXHAUSTED, NO_DATA, STALE, SloStatus
from budget.trust import Seeded, spelt
from slo import conventions

MOST_LINES = 8  # of each kind beneath the table: it is a screen, and no log


def table(rows: Sequence[SloStatus], *, plain: bool = False, columns: int = 160) -> Table:
    """One line per SLO. *plain*: text alone, for files and pipes. *columns*: how wide it may be."""
    made = Table(
        box=None if plain else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, GAP, 0, 0) if plain else (0, GAP - 1, 0, 0),  # a box puts a blank of its own between columns
        header_style="" if plain else "bold",
    )
    shown = fitting(rows, columns)
    for column, _ in shown:
        made.add_column(column.name, justify="right" if column.right else "left", no_wrap=True)
    for cells in zip(*(cells for _, cells in shown), strict=True):
        made.add_row(*cells)
    return made


def summary(rows: Sequence[SloStatus]) -> str:
    """What fires, what is stale, how many promises are kept, and how much of what is shown is made up."""
    firing = [
        f"{alert.severity or 'alert'} {alert.name} fires{_since(alert.since, row.at)}: {row.service} {row.slo}"
        for row in rows
        for alert in row.alerts
        if alert.state == "firing"
    ]
    stale = [f"stale {row.service} {row.slo}: {'; '.join(row.faults)}" for row in rows if row.faults]
    return "\n".join(printable(line) for line in (*_some(_pages_first(firing)), *_some(stale), _footer(rows)))


def urgent(rows: Sequence[SloStatus], most: int) -> tuple[SloStatus, ...]:
    """The *most* rows that need somebody first, in the order of *rows*: alerts, then the least budget."""
    by_need = sorted(rows, key=lambda row: (not row.alerts, row.is_healthy, _least(row)))
    chosen = {id(row) for row in by_need[: max(most, 1)]}
    return tuple(row for row in rows if id(row) in chosen)


def _least(row: SloStatus) -> float:
    return float("inf") if row.budget_remaining is None else row.budget_remaining


def _since(moment: float | None, now: float) -> str:
    return "" if moment is None else f" for {spelt(now - moment)}"


def _pages_first(lines: Sequence[str]) -> list[str]:
    return sorted(lines, key=lambda line: not line.startswith(conventions.PAGE))


def _some(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"and {rest} more"] if rest > 0 else list(lines)


def _footer(rows: Sequence[SloStatus]) -> str:
    counts = {
        "healthy": sum(row.is_healthy for row in rows),
        "exhausted": sum(EXHAUSTED in row.states for row in rows),
        "without data": sum(NO_DATA in row.states for row in rows),
        "stale": sum(STALE in row.states for row in rows),
    }
    shown = [f"{count} {name}" for name, count in counts.items() if count or name in ("healthy", "exhausted")]
    line = f"{len(rows)} SLO{'' if len(rows) == 1 else 's'}: {', '.join(shown)}"
    seeded = [row.seeded for row in rows if row.seeded is not None]
    return f"{line}; {_made_up(seeded)}" if seeded else line


def _made_up(seeded: Sequence[Seeded]) -> str:
    until = datetime.fromtimestamp(max(part.end for part in seeded), UTC)
    share = max(part.share for part in seeded)
    return f"history seeded until {until:%Y-%m-%d %H:%MZ}: up to {share:.0%} of a window is made up, not measured"
