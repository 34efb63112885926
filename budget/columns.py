"""The columns of the table of SLOs: what each says, and which go first where there is little room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.cells import cell_len
from rich.text import Text

from budget.plain_text import printable
from budget.status import EXHAUSTED, LOW_TRAFFIC, NO_DATA, OK, SEEDED, STALE, SloStatus
from budget.trust import spelt
from slo import conventions
from slo.budget import LITTLE_LEFT

MISSING = "-"
GAP = 2
_STYLES = {OK: "green", NO_DATA: "dim", conventions.PAGE: "bold white on red"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. *rank*: among those that are left out the highest goes first; 0 always stays."""

    name: str
    rank: int
    right: bool
    cell: Callable[[SloStatus], Text]


def _text(say: Callable[[SloStatus], str]) -> Callable[[SloStatus], Text]:
    # Names come from series that anybody may write: as Text they are never read as markup.
    return lambda row: Text(printable(say(row)))


def _column(name: str, rank: int, say: Callable[[SloStatus], str]) -> Column:
    return Column(name=name, rank=rank, right=True, cell=_text(say))


def _rate(value: float | None) -> str:
    return MISSING if value is None else f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"


def _count(value: float | None) -> str:
    """Events, whole; and never -0."""
    return MISSING if value is None else f"{round(value):,d}"


def _percent(ratio: float | None) -> str:
    """Six digits of per cent: objectives are written with as many, and 99.9996 is not 100."""
    return MISSING if ratio is None else f"{ratio * 100:.6g}%"


def _left(row: SloStatus) -> Text:
    ratio = row.budget_remaining
    if ratio is None:
        return Text(MISSING)
    return Text(f"{ratio:.1%}", style="red" if ratio <= 0 else "yellow" if ratio < LITTLE_LEFT else "green")


def _exhausted(row: SloStatus) -> str:
    """In how long the budget is spent; never: at this pace as much is given back as is used."""
    if row.budget_remaining is None or (row.burn_rate_6h is None and row.seconds_left is None):
        return MISSING
    if row.seconds_left is None:
        return "never"
    return "in " + spelt(row.seconds_left) if row.seconds_left else EXHAUSTED


def _moment(row: SloStatus) -> str:
    if not row.seconds_left:
        return MISSING
    return f"{datetime.fromtimestamp(row.at + row.seconds_left, UTC):%m-%d %H:%MZ}"


def _state(row: SloStatus) -> Text:
    """The gravest alert, then whatever limits what the figures say."""
    said = [row.alert] if row.alert not in (OK, NO_DATA) or not set(row.states) - {EXHAUSTED, SEEDED} else []
    said += [state for state in row.states if state in (NO_DATA, STALE, LOW_TRAFFIC) and state not in said]
    if row.seeded is not None:
        said.append(f"{SEEDED} {row.seeded.share:.0%}")
    return Text(", ".join(said), style=_STYLES.get(said[0], "yellow"))


COLUMNS = (
    Column(name="service", rank=0, right=False, cell=_text(lambda row: row.service)),
    Column(name="slo", rank=0, right=False, cell=_text(lambda row: " ".join((row.slo, *row.labels.values())))),
    _column("objective", 4, lambda row: _percent(row.objective)),
    _column("window", 7, lambda row: MISSING if row.period_days is None else f"{row.period_days:g}d"),
    _column("good", 5, lambda row: _percent(row.sli)),
    Column(name="left", rank=0, right=True, cell=_left),
    _column("events left", 2, lambda row: _count(row.events_remaining)),
    _column("burn 5m", 1, lambda row: _rate(row.burn_rate)),
    _column("1h", 6, lambda row: _rate(row.burn_rate_1h)),
    _column("6h", 3, lambda row: _rate(row.burn_rate_6h)),
    _column("exhausted", 1, _exhausted),
    _column("at", 10, _moment),
    _column("bad", 8, lambda row: _count(row.bad_events)),
    _column("events", 9, lambda row: _count(row.events)),
    Column(name="state", rank=0, right=False, cell=_state),
)


def fitting(rows: Sequence[SloStatus], width: int) -> tuple[tuple[Column, list[Text]], ...]:
    """The columns that *width* has room for, each with a cell per row."""
    made = [(column, [column.cell(row) for row in rows]) for column in COLUMNS]
    widths = {
        column.name: max(len(column.name), *(cell_len(cell.plain) for cell in cells), 0) for column, cells in made
    }
    kept = set(widths)
    for column in sorted(COLUMNS, key=lambda column: -column.rank):
        if sum(widths[name] for name in kept) + GAP * (len(kept) - 1) <= width or not column.rank:
            break
        kept.discard(column.name)
    return tuple((column, cells) for column, cells in made if column.name in kept)
