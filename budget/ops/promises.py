"""The rows of the table of promises: the figures of `budget status`, the worst first, with how they came about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from budget.columns import COLUMNS, MISSING
from budget.firing import ABSENT, PENDING
from budget.gate_measured import key
from budget.identity import Key
from budget.ops.courses import Course
from budget.ops.happenings import Happening
from budget.ops.kept import Seen
from budget.ops.sparkline import Sparkline, sparkline
from budget.ops.words import NOT_KNOWN
from budget.status import EXHAUSTED, LOW_TRAFFIC, NO_DATA, OK, STALE, SloStatus
from slo import conventions

BURNING = "burning"
GOOD, WARN, BAD, QUIET = "good", "warn", "bad", "quiet"
_GRAVITY = (conventions.PAGE, ABSENT, conventions.TICKET, PENDING)
_WORDS = {
    conventions.PAGE: "page fires",
    ABSENT: "not measured",
    conventions.TICKET: "ticket fires",
    PENDING: "may fire soon",
}
_CELLS = {column.name: column.cell for column in COLUMNS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One promise. word: how it stands, tone: how grave that is. figures: by their names, as people read them.

    flags: what limits what the figures say. why: the reasons for that.
    """

    id: str
    service: str
    name: str
    word: str
    tone: str
    figures: Mapping[str, str]
    flags: tuple[str, ...]
    why: tuple[str, ...]
    picture: Sparkline | None


def rows(
    seen: Seen[tuple[SloStatus, ...]], courses: Mapping[Key, Course], happenings: Iterable[Happening]
) -> tuple[Row, ...]:
    """One for each SLO that is known; of old figures nothing is called well."""
    shown = tuple(happenings)
    return tuple(
        _row(status, courses, shown, is_current=not seen.fault) for status in sorted(seen.value or (), key=worst_first)
    )


def worst_first(row: SloStatus) -> tuple[object, ...]:
    """What fires, by how grave it is; then what is not well, what burns, and of equals the least budget."""
    rank = _GRAVITY.index(row.alert) if row.alert in _GRAVITY else len(_GRAVITY)
    left = float("inf") if row.budget_remaining is None else row.budget_remaining
    return (rank, row.is_healthy, not burns(row), left, row.service, row.slo, *row.labels.values())


def standing(row: SloStatus) -> tuple[str, str]:
    """How a promise stands, in a word or two, and how grave that is."""
    if row.alert in _WORDS:
        return _WORDS[row.alert], WARN if row.alert in (conventions.TICKET, PENDING) else BAD
    for state, tone in ((EXHAUSTED, BAD), (STALE, WARN), (NO_DATA, WARN)):
        if state in row.states:
            return state, tone
    if burns(row):
        return BURNING, WARN
    if LOW_TRAFFIC in row.states:
        return LOW_TRAFFIC, QUIET
    return (OK, GOOD) if row.is_healthy else (NOT_KNOWN, WARN)


def burns(row: SloStatus) -> bool:
    """Whether it spends more than it is given back, now and over the hour: no alert need fire yet."""
    return all(rate is not None and rate > 1 for rate in (row.burn_rate, row.burn_rate_1h))


def cell(row: SloStatus, name: str) -> str:
    """A figure as the table of `budget status` has it."""
    said = _CELLS[name](row).plain
    return NOT_KNOWN if said == MISSING else said


def _row(
    status: SloStatus, courses: Mapping[Key, Course], happenings: tuple[Happening, ...], *, is_current: bool
) -> Row:
    word, tone = standing(status) if is_current else (NOT_KNOWN, WARN)
    course = courses.get(key(status))
    seeded = None if status.seeded is None else (status.seeded.start, status.seeded.end)
    return Row(
        id=status.id,
        service=status.service,
        name=" ".join((status.slo, *status.labels.values())),
        word=word,
        tone=tone,
        figures={name: cell(status, name) for name in ("objective", "left", "burn 5m", "1h", "6h", "exhausted")},
        flags=tuple(_flags(status, word)),
        why=status.faults,
        picture=None if course is None else sparkline(course, happenings=happenings, seeded=seeded),
    )


def _flags(status: SloStatus, word: str) -> list[str]:
    found = [state for state in (EXHAUSTED, STALE, NO_DATA, LOW_TRAFFIC) if state in status.states and state != word]
    if status.seeded is not None:
        found.append(f"{status.seeded.share:.0%} seeded")
    return found
