"""Courses of traffic for backtests: as rows of a file, and as promtool's own test has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from budget.__main__ import main
from budget.readings import SEEDED
from tests.slo import answers

START = 1_761_955_200  # 2025-11-01 00:00 UTC
MINUTES_A_DAY = 1440
Row = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Phase:
    """So many minutes with so many events, some bad."""

    minutes: int
    total: int
    bad: int = 0


def rows(phases: Iterable[Phase], *, without: Sequence[range] = ()) -> list[Row]:
    """(minute, bad, total) from the start on; *without* these minutes."""
    found: list[Row] = []
    minute = 0
    for phase in phases:
        found += [(at, phase.bad, phase.total) for at in range(minute, minute + phase.minutes)]
        minute += phase.minutes
    return [row for row in found if not any(row[0] in gap for gap in without)]


def csv(path: Path, found: Iterable[Row]) -> Path:
    """A file of these rows."""
    lines = [f"{START + 60 * minute},{bad},{total}\n" for minute, bad, total in found]
    path.write_text("".join(["time,bad,total\n", *lines]), encoding="utf-8")
    return path


def spec(folder: Path, **given: str) -> Path:
    """A folder with one SLO, `shop-requests`."""
    specs = folder / "specs"
    specs.mkdir(exist_ok=True)
    (specs / "shop.yaml").write_text(answers.document(answers.slo(**given)), encoding="utf-8")
    return specs


def run(*arguments: str | Path) -> Result:
    """The command, as people call it."""
    unset = {"PORT_BASE": None, "TILLWATCH_PROMETHEUS": None}
    return CliRunner().invoke(main, ["backtest", "--slo", "shop-requests", *map(str, arguments)], env=unset)


def done(*arguments: str | Path) -> dict[str, Any]:
    """Its answer as data."""
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def minute_of(text: str) -> float:
    """Minutes since the start."""
    return (datetime.fromisoformat(text).timestamp() - START) / 60


def spans(outcome: dict[str, Any], severity: str, alert: str = "Burning") -> list[tuple[float, float]]:
    """When the page, or the ticket, fired: minutes since the start."""
    return [
        (minute_of(each["from"]), minute_of(each["to"]))
        for each in outcome["fired"]
        if (each["severity"], each["alert"]) == (severity, alert)
    ]


def by_promtool(
    rules: str, found: Sequence[Row], severities: Sequence[str], *, every: int, alert: str = "Burning"
) -> dict[str, set[int]]:
    """By severity the minutes, of those that are asked, at which promtool's own test has the alert firing."""
    minutes = range(every, found[-1][0] + 1, every)
    series = {
        'requests_total{code="200"}': _counter(found, bad=False),
        'requests_total{code="500"}': _counter(found, bad=True),
    }
    asked = [(severity, minute) for severity in severities for minute in minutes]
    questions = [(f"{minute}m", f"count({answers.firing(alert, severity)})") for severity, minute in asked]
    firing: dict[str, set[int]] = {severity: set() for severity in severities}
    for (severity, minute), vector in zip(asked, answers.ask(rules, series, questions, sample="1m"), strict=True):
        if vector:
            firing[severity].add(minute)
    return firing


def openmetrics(
    path: Path, found: Sequence[Row], *, reset_every: int = 10**9, seeded: int | None = None, ending: str = "# EOF\n"
) -> Path:
    """Counters of these rows; restarted every so many minutes, marked as seeded up to a minute."""
    lines = ["# TYPE requests counter\n"]
    for code in ("200", "500"):
        value = 0
        for minute, bad, total in found:
            value = (0 if minute % reset_every == 0 else value) + (bad if code == "500" else total - bad)
            lines.append(f'requests_total{{code="{code}"}} {value} {START + 60 * (minute + 1)}\n')
    if seeded is not None:
        lines += [f"{SEEDED} {START + 60 * at} {START + 60 * at}\n" for at in range(seeded)]
    path.write_text("".join([*lines, ending]), encoding="utf-8")
    return path


def _counter(found: Sequence[Row], *, bad: bool) -> str:
    """One sample a minute, `_` where nobody measured: the same samples as the file's counters have."""
    value, samples = 1_000_000, dict[int, int]()
    for minute, failed, total in found:
        samples.setdefault(minute, value)
        value += failed if bad else total - failed
        samples[minute + 1] = value
    return " ".join(str(samples.get(minute, "_")) for minute in range(found[-1][0] + 2))
