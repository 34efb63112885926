"""The scorecard of drills: what was expected, what came, and whether that is well; as data, JSON and a table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from budget import whole_files
from budget.postmortem_scorecard import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Page):
    """A page that was expected, and what came of it.

    reset_seconds: after the mending, until its rule no longer fired; None: not while somebody looked.
    """

    reset_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one drill.

    started, ended: Unix seconds, of the fault and of the last look. unexpected: pages that came and that nobody
    expected; allowed: those of them that nobody minds are here instead. not_expected: those of its pages that so few
    shoppers do not bring about, at the hour of the drill.
    lost, oversold, double_charged: None, where they could not be counted. wrong: everything that is not well, in words.
    """

    name: str
    title: str
    started: float | None = None
    ended: float | None = None
    pages: tuple[Told, ...] = ()
    unexpected: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    not_expected: tuple[str, ...] = ()
    orders: int = 0
    lost: int | None = None
    oversold: int | None = None
    double_charged: int | None = None
    wrong: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return not self.wrong


def as_data(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """The scorecard as `budget postmortem --drill` and `budget verdict --drill` read it."""
    return {"drills": [_drill(each) for each in outcomes]}


def write_json(outcomes: Sequence[Outcome], file: Path) -> None:
    """Write the scorecard to *file*, whole or not at all."""
    whole_files.put({file: json.dumps(as_data(outcomes), indent=2) + "\n"})


def table(outcomes: Iterable[Outcome]) -> Table:
    """A row for each page."""
    found = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("drill", "page"):
        found.add_column(name, overflow="fold")
    for name in ("expected", "after", "reset", "lost", "oversold", "double"):
        found.add_column(name, justify="right")
    found.add_column("result", overflow="fold")
    for each in outcomes:
        counts = (_count(each.lost), _count(each.oversold), _count(each.double_charged))
        verdict = _verdict(each)
        rows = each.pages or (Told(alert="-", expected_seconds=0.0, after_seconds=None),)
        for number, page in enumerate(rows):
            first = number == 0
            found.add_row(
                each.name if first else "",
                page.alert,
                _seconds(page.expected_seconds if each.pages else None),
                _seconds(page.after_seconds),
                _seconds(page.reset_seconds),
                *(counts if first else ("", "", "")),
                Text(verdict if first else ""),  # never markup, whatever was said
            )
    return found


def _drill(outcome: Outcome) -> dict[str, Any]:
    return {
        "drill": outcome.name,
        "title": outcome.title,
        "passed": outcome.passed,
        "started": _moment(outcome.started),
        "ended": _moment(outcome.ended),
        "pages": [
            {
                "alert": page.alert,
                "expected_s": round(page.expected_seconds, 1),
                "after_s": _rounded(page.after_seconds),
                "reset_s": _rounded(page.reset_seconds),
            }
            for page in outcome.pages
        ],
        "unexpected_pages": list(outcome.unexpected),
        "allowed_pages": list(outcome.allowed),
        "not_expected": list(outcome.not_expected),
        "orders": outcome.orders,
        "lost": outcome.lost,
        "oversold": outcome.oversold,
        "double_charged": outcome.double_charged,
        "wrong": list(outcome.wrong),
    }


def _verdict(outcome: Outcome) -> str:
    if not outcome.passed:
        return "; ".join(outcome.wrong)
    if outcome.not_expected and not outcome.pages:
        told = f"{', '.join(outcome.allowed)} may come" if outcome.allowed else "nobody was told"
        return f"passed: {', '.join(outcome.not_expected)} is for busier hours, and {told}"
    return "passed"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.0f} s"


def _count(number: int | None) -> str:
    return "?" if number is None else str(number)
