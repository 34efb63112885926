"""Checks OpenMetrics text line by line, where promtool would tell no line, and hands on what it holds."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import TextIO

from budget.backtest_file import Held, Lines, Times
from budget.readings import SEEDED

_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*"'
_SAMPLE = re.compile(
    rf"(?P<series>[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{{(?:{_LABEL}(?:,{_LABEL})*,?)?\}})?)"
    r" (?P<value>\S+)(?: (?P<time>[^\s#]+))?(?P<exemplar> # \{.*)?"
)
_END = "# EOF"


def convert(path: Path, out: TextIO, now: float) -> Held:
    """Write the samples of *path*, without comments and exemplars. *now*: Unix seconds.

    Raises:  SpecErrors: every fault, with its line.
    """
    lines, times, latest = Lines(path), Times(now), dict[str, float]()
    seeded: list[float] = []
    ended = 0
    for number, line in lines:
        if ended:
            lines.fault(number, f"stands behind {_END}")
            break
        if line == _END:
            ended = number
        elif not line.startswith("#"):
            problem = _sample(line, times, latest, seeded, out)
            if problem:
                lines.fault(number, problem)
    if not lines.faults and not ended:
        lines.fault(0, f"does not end with {_END}: is it whole?")
    elif not lines.faults and not latest:
        lines.fault(0, "holds no samples")
    lines.end()
    return Held(first=times.first, last=times.last, seeded=(min(seeded), max(seeded)) if seeded else None)


def _sample(line: str, times: Times, latest: dict[str, float], seeded: list[float], out: TextIO) -> str:
    """Hand on a sample; what is wrong with it instead, if anything is."""
    found = _SAMPLE.fullmatch(line)
    if found is None:
        return 'is no sample; expected name{label="value"} value time'
    series, value, time = found["series"], _number(found["value"]), found["time"]
    if value is None:
        return f"the value {found['value']!r} is no number"
    if time is None:
        return "has no time behind its value: a history needs one, in Unix seconds"
    at = _number(time)
    if at is None or not math.isfinite(at):
        return f"the time {time!r} is no number of seconds"
    if problem := times.problem(at):
        return problem
    if at <= latest.get(series, -math.inf):
        return f"is not later than the sample of {series[:120]} before it"
    latest[series] = at
    if series.startswith(SEEDED):
        seeded.append(value)
    out.write(f"{series} {found['value']} {at:.3f}\n")
    return ""


def _number(text: str) -> float | None:
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None
