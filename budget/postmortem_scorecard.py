"""The scorecard of a drill, as `python -m local drill --json FILE` writes it, read and checked."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from budget import time_range

LATE_SECONDS = 45.0
"""How much later than foreseen a page is in time: a turn of the rules (30 s), a scrape, and the way to PagerDuty."""
_MOST = 1e12  # seconds, or events: JSON may hold NaN, infinities, and integers that no float can
_COUNTS = ("lost", "oversold", "double_charged")


class Unreadable(ValueError):
    """The file is no scorecard; says where it is not, and what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was expected: so many seconds after the fault, and when it came; None: never."""

    alert: str
    expected_seconds: float
    after_seconds: float | None

    @property
    def in_time(self) -> bool:
        """Whether somebody was told, and not too late."""
        return self.after_seconds is not None and self.after_seconds <= self.expected_seconds + LATE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One drill: its pages, those that nobody expected, and what must be 0 afterwards. None: nobody counted.

    wrong: what the drill itself says was not well, in words. passed: what it says on the whole, if anything.
    """

    name: str
    pages: tuple[Page, ...]
    unexpected: tuple[str, ...]
    lost: float | None
    oversold: float | None
    double_charged: float | None
    wrong: tuple[str, ...] = ()
    passed: bool | None = None
    started: float | None = None
    ended: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorecard:
    """All drills of a run. started, ended: Unix seconds, where the file says so."""

    drills: tuple[Drill, ...]
    started: float | None
    ended: float | None


def bounds(
    scorecard: Scorecard | None, start: str | None, end: str | None, now: float
) -> tuple[float | None, float | None]:
    """From when to when, as a command line says it, else a scorecard; None where neither does.

    Raises:  ValueError: what is said is no time.
    """
    begin = scorecard.started if scorecard is not None else None
    until = scorecard.ended if scorecard is not None else None
    return (
        begin if start is None else time_range.moment(start, now),
        until if end is None else time_range.moment(end, now),
    )


def read(path: Path) -> Scorecard:
    """The scorecard in *path*.

    Raises:  Unreadable: no file, no JSON, or not of this shape.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unreadable(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{path} is not JSON: {error}") from None
    try:
        return _scorecard(found)
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}; expected what `python -m local drill --json FILE` writes") from None


def _scorecard(found: Any) -> Scorecard:
    rows = _list(_mapping(found, "the document"), "drills", "")
    drills = tuple(_drill(_mapping(row, f"drills[{place}]"), f"drills[{place}].") for place, row in enumerate(rows))
    if not drills:
        raise Unreadable("drills: is empty")
    started, ended = (_moment(found, name, "") for name in ("started", "ended"))
    begins = [each.started for each in drills if each.started is not None]
    ends = [each.ended for each in drills if each.ended is not None]
    return Scorecard(
        drills=drills,
        started=started if started is not None else min(begins, default=None),
        ended=ended if ended is not None else max(ends, default=None),
    )


def _drill(row: Mapping[str, Any], where: str) -> Drill:
    pages = _list(row, "pages", where)
    lost, oversold, double_charged = (_number(row, name, where, needed=False) for name in _COUNTS)
    return Drill(
        name=_text(row.get("drill"), f"{where}drill"),
        pages=tuple(
            _page(_mapping(each, f"{where}pages[{at}]"), f"{where}pages[{at}].") for at, each in enumerate(pages)
        ),
        unexpected=tuple(_alert(each, f"{where}unexpected_pages") for each in _list(row, "unexpected_pages", where)),
        lost=lost,
        oversold=oversold,
        double_charged=double_charged,
        wrong=tuple(_text(each, f"{where}wrong") for each in (_list(row, "wrong", where) if "wrong" in row else ())),
        passed=_switch(row, "passed", where),
        started=_moment(row, "started", where),
        ended=_moment(row, "ended", where),
    )


def _page(row: Mapping[str, Any], where: str) -> Page:
    expected = _number(row, "expected_s", where, needed=True)
    assert expected is not None
    return Page(
        alert=_text(row.get("alert"), f"{where}alert"),
        expected_seconds=expected,
        after_seconds=_number(row, "after_s", where, needed=False),
    )


def _alert(found: Any, where: str) -> str:
    """The name of an unexpected page, alone or as an object's."""
    return _text(found.get("alert") if isinstance(found, dict) else found, where)


def _mapping(found: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(found, dict):
        raise Unreadable(f"{where}: is no object")
    return found


def _list(row: Mapping[str, Any], name: str, where: str) -> list[Any]:
    found = row.get(name)
    if not isinstance(found, list):
        raise Unreadable(f"{where}{name}: is no list")
    return found


def _text(found: Any, where: str) -> str:
    if not isinstance(found, str) or not found:
        raise Unreadable(f"{where}: is no name")
    return found


def _number(row: Mapping[str, Any], name: str, where: str, *, needed: bool) -> float | None:
    found = row.get(name)
    if found is None and not needed:
        return None
    if not isinstance(found, int | float) or isinstance(found, bool) or not abs(found) <= _MOST:
        raise Unreadable(f"{where}{name}: is no number")
    return float(found)


def _switch(row: Mapping[str, Any], name: str, where: str) -> bool | None:
    found = row.get(name)
    if found is not None and not isinstance(found, bool):
        raise Unreadable(f"{where}{name}: is neither true nor false")
    return found


def _moment(row: Mapping[str, Any], name: str, where: str) -> float | None:
    found = row.get(name)
    if found is None:
        return None
    try:
        moment = time_range.moment(str(found), math.nan)
    except ValueError as error:
        raise Unreadable(f"{where}{name}: {error}") from None
    if math.isnan(moment):  # so long ago, seen from when?
        raise Unreadable(f"{where}{name}: {str(found)!r} is no moment by itself")
    return moment
