"""The verdict on a range for people: a table, worst first, and beneath it what limits it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from budget import verdict_drill
from budget.plain_text import printable
from budget.time_range import spelt
from budget.trust import spelt as duration
from budget.verdict import FAIL, NO_DATA, PASS, RUN_RATE, Judgement, worst_first
from budget.verdict_json import Run
from budget.verdict_sli import ANY_TRAFFIC
from slo import conventions, promql

MISSING = "-"
NARROW, WIDE = 100, 120
MOST_NOTES, MOST_NAMES = 12, 3
_STYLES = {PASS: "green", FAIL: "bold white on red", NO_DATA: "dim"}
_Cell = Callable[[Judgement], str]


def _percent(ratio: float | None) -> str:
    return MISSING if ratio is None else f"{ratio * 100:.6g}%"


def _count(value: float | None) -> str:
    return MISSING if value is None else f"{round(value):,d}"


def _spent(row: Judgement) -> str:
    return MISSING if row.budget_spent is None else f"{row.budget_spent * 100:.3g}%"


def _told(row: Judgement) -> str:
    """The gravest alert, and after how long."""
    if row.page_after is not None:
        return f"{conventions.PAGE} after {duration(row.page_after)}"
    if row.ticket_after is not None:
        return f"{conventions.TICKET} after {duration(row.ticket_after)}"
    return MISSING if row.verdict == NO_DATA else "nobody"


def _notes(row: Judgement) -> str:
    found = [mark for mark in row.marks if mark != row.reason]
    if row.traffic == ANY_TRAFFIC and row.verdict != NO_DATA:
        found.append(ANY_TRAFFIC)
    return ", ".join([row.reason] * bool(row.reason) + found)


# name, whether it stands at the right, what it says, and the least columns of a terminal that shows it
_COLUMNS: tuple[tuple[str, bool, _Cell, int], ...] = (
    ("service", False, lambda row: row.slo.service, 0),
    ("slo", False, lambda row: " ".join((row.slo.name, *(value for _, value in row.slo.identity))), 0),
    ("objective", True, lambda row: f"{promql.number(row.slo.objective)}%", NARROW),
    ("good", True, lambda row: _percent(row.sli), 0),
    ("bad", True, lambda row: _count(row.bad), 0),
    ("events", True, lambda row: _count(row.total), NARROW),
    ("spent", True, _spent, 0),
    ("tells", False, _told, 0),
    ("notes", False, _notes, WIDE),
)


def table(run: Run, *, plain: bool, columns: int) -> Table:
    """One line per SLO. *plain*: text alone, for files and pipes. *columns*: how wide it may be."""
    made = Table(
        box=None if plain else box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 2, 0, 0) if plain else (0, 1, 0, 0),
        header_style="" if plain else "bold",
    )
    shown = [column for column in _COLUMNS if columns >= column[3]]
    made.add_column("verdict", no_wrap=True)
    for name, right, _, _ in shown:
        made.add_column(name, justify="right" if right else "left", no_wrap=name != "notes")
    for row in worst_first(run.rows):
        cells = [Text(printable(cell(row))) for _, _, cell, _ in shown]
        made.add_row(Text(row.verdict, style="" if plain else _STYLES[row.verdict]), *cells)
    return made


def summary(run: Run, *, columns: int = WIDE) -> str:
    """Gaps, what budgets are reckoned from, and the verdict on all of it. *columns*: as of the table."""
    lines = list(run.notes)
    if run.drills and not run.slos_decide and any(row.verdict == FAIL for row in run.rows):
        lines.append("a drill breaks promises on purpose: no SLO decides here but those that --slo names")
    lines += _some([f"gap: {gap}" for gap in dict.fromkeys(gap for row in run.rows for gap in row.gaps)])
    if columns < WIDE:  # the table had no room for them
        lines += _some([f"{row.slo.id}: {notes}" for row in worst_first(run.rows) if (notes := _notes(row))])
    if any(row.basis == RUN_RATE for row in run.rows):
        some = [row.slo.id for row in run.rows if row.basis == RUN_RATE]
        whose = ", ".join(some) if len(some) <= MOST_NAMES else f"{len(some)} SLOs"
        lines.append(f"spent is reckoned from the run's own rate, held for the whole period, for {whose}")
    if shares := [row.seeded for row in run.rows if row.seeded]:
        lines.append(f"spent: up to {max(shares):.0%} of the period's events are seeded: made up, not measured")
    return "\n".join(printable(line) for line in (*lines, _footer(run)))


def _some(lines: list[str]) -> list[str]:
    rest = len(lines) - MOST_NOTES
    return [*lines[:MOST_NOTES], f"and {rest} more"] if rest > 0 else lines


def drills(run: Run) -> str:
    """One line for each drill, the worst first."""
    order = (FAIL, NO_DATA, PASS)
    ordered = sorted(run.drills, key=lambda each: order.index(each.verdict))
    lines = (f"{each.verdict}  {each.drill.name}: {verdict_drill.said(each)}" for each in ordered)
    return "\n".join(map(printable, lines))


def _footer(run: Run) -> str:
    return f"{run.verdict}: {'; '.join((*_counted(run), ', '.join((run.traffic, *_span(run)))))}"


def _counted(run: Run) -> Iterator[str]:
    if run.drills:
        yield _of_each("drill", [each.verdict for each in run.drills])
    if run.rows or not run.drills:
        yield _of_each("SLO", [row.verdict for row in run.rows])


def _of_each(what: str, verdicts: Sequence[str]) -> str:
    counts = {verdict: verdicts.count(verdict) for verdict in (FAIL, PASS, NO_DATA)}
    counted = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count or verdict != NO_DATA)
    return f"{len(verdicts)} {what}{'' if len(verdicts) == 1 else 's'}, {counted}"


def _span(run: Run) -> Iterator[str]:
    if run.grid is not None:
        length = duration(run.grid.end - run.grid.start)
        yield f"{spelt(run.grid.start)} to {spelt(run.grid.end)} ({length})"


def said(row: Judgement) -> str:
    """One SLO's judgement in a sentence."""
    if row.verdict == NO_DATA:
        return "; ".join((row.reason, *row.gaps))
    promise = f"{promql.number(row.slo.objective)}% promised, {_percent(row.sli)} kept"
    figures = f"{_count(row.bad)} of {_count(row.total)} events bad"
    spent = f"{_spent(row)} of the budget of {row.slo.period_days}d spent ({row.basis} events)"
    told = f"tells {_told(row)}"
    return "; ".join((promise, figures, spent, told, *row.marks, *row.gaps))
