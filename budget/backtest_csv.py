"""Reads `time,bad,total`, a row for each minute, and writes the counters that would have counted these events."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import TextIO

from budget import time_range
from budget.backtest_file import Held, Lines, Times, minute
from budget.backtest_server import write
from slo.event_series import EventSeries
from slo.windows import MINUTE

HEADER = ["time", "bad", "total"]
START = 1_000_000.0
"""Where the counters begin: near zero, rate() would guess at their birth."""
Row = tuple[float, float, float]


def convert(path: Path, series: EventSeries, out: TextIO, now: float) -> Held:
    """Write the counters of *series* for the rows of *path*.

    A minute without a row is one that nobody measured: the counters have no samples within it. *now*: Unix seconds.

    Raises:  SpecErrors: every fault, with its line.
    """
    rows = _rows(path, now)
    good, bad = set(series.good), set(series.bad)
    for name, labels in sorted(good | bad):
        one = (name, labels)
        write(out, name, dict(labels), _counter(rows, is_good=one in good, is_bad=one in bad))
    return Held(first=rows[0][0], last=rows[-1][0] + MINUTE)


def _counter(rows: list[Row], *, is_good: bool, is_bad: bool) -> list[tuple[float, float]]:
    """A sample at the start and at the end of each minute: the first one after a pause then counts as well."""
    value, points = START, list[tuple[float, float]]()
    for at, bad, total in rows:
        if not points or points[-1][0] < at:
            points.append((at, value))
        value += (total - bad if is_good else 0.0) + (bad if is_bad else 0.0)
        points.append((at + MINUTE, value))
    return points


def _rows(path: Path, now: float) -> list[Row]:
    lines, times, rows = Lines(path), Times(now), list[Row]()
    is_first = True
    for number, line in lines:
        if not line.strip():
            continue
        fields = [field.strip() for field in next(csv.reader([line]), [])]
        if is_first:
            is_first = False
            if fields != HEADER:
                lines.fault(number, f"the header is {line[:80]!r}, and {','.join(HEADER)} was expected")
                break
            continue
        problem, row = _row(fields, times, rows[-1][0] if rows else -math.inf, now)
        if row is None:
            lines.fault(number, problem)
        else:
            rows.append(row)
    if not rows and not lines.faults:
        lines.fault(0, f"holds no rows; expected {','.join(HEADER)} and a row for each minute")
    lines.end()
    return rows


def _row(fields: list[str], times: Times, before: float, now: float) -> tuple[str, Row | None]:
    """What is wrong, or the row: the start of its minute, bad and all events."""
    if len(fields) != len(HEADER):
        return f"{len(fields)} fields, and {','.join(HEADER)} were expected", None
    try:
        at = minute(time_range.moment(fields[0], now) if fields[0][:1].isdigit() else _no_time(fields[0]))
    except ValueError as error:
        return str(error), None
    if problem := times.problem(at):
        return problem, None
    if at <= before:
        what = "a second row of its minute" if at == before else "earlier than the row before it"
        return f"{time_range.spelt(at)} is {what}: one row a minute, in order", None
    counts: list[float] = []
    for name, text in zip(HEADER[1:], fields[1:], strict=True):
        count = _count(text)
        if count is None:
            return f"{name} is {text!r}, and a number of events was expected", None
        counts.append(count)
    bad, total = counts
    return ("", (at, bad, total)) if bad <= total else (f"bad is {bad:g} of {total:g} events: more than all", None)


def _no_time(text: str) -> float:
    raise ValueError(f"{text!r} is no time: expected one such as 2026-11-28T14:00:00Z, or Unix seconds")


def _count(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) and 0 <= found <= 1e12 else None
