"""When an alert first fires over given series: asked of promtool (`promtool test rules`), for PromQL is not ours."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from budget.errors import BudgetError
from slo import promql
from slo.windows import DAY, HOUR, MINUTE

EVALUATION_SECONDS = 30
"""As often as rules of pages are evaluated."""
TEST_SECONDS = 300


class NoForecast(BudgetError):
    """Nobody can say when the alert fires; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """The times of a test, in seconds, of which promtool's begin at 0.

    begin: the first moment that is asked for. end: the last one. step: from one sample of a series to the next.
    """

    begin: int
    end: int
    step: int


def first_firing(
    alert: Mapping[str, str],
    groups: Sequence[Mapping[str, Any]],
    series: Iterable[tuple[str, str]],
    promtool: Path,
    times: Times,
) -> float | None:
    """Seconds from *times.begin* on until the alert fires; None: not until *times.end*.

    Args:    alert: labels that it has, `alertname` among them. groups: its rule and what that reads, as rule files hold
             them. series: each one's name with its labels, and its values as promtool's unit tests spell them.
    Raises:  NoForecast: promtool does not take the rules or the series.
    """
    with tempfile.TemporaryDirectory(prefix="forecast-") as place:
        folder = Path(place)
        _write(folder / "rules.yaml", {"groups": list(groups)})
        _write(folder / "test.yaml", _test(alert, groups, series, times))
        told = _told(promtool, folder / "test.yaml")
    return min(told) - times.begin if told else None


def _told(promtool: Path, file: Path) -> list[float]:
    """The moments at which it fires: each is said to be silent, and promtool says of which that is not so."""
    try:
        done = subprocess.run(
            [promtool, "test", "rules", file], capture_output=True, text=True, check=False, timeout=TEST_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoForecast(f"promtool: {error}") from error
    text = done.stdout + done.stderr
    told = [_seconds(found) for found in re.findall(r'expr: "[^\n]*", time: (\w+),', text)]
    if done.returncode and not told:
        raise NoForecast(f"promtool: {text[:400]}")
    return told


def _test(
    alert: Mapping[str, str], groups: Sequence[Mapping[str, Any]], series: Iterable[tuple[str, str]], times: Times
) -> dict[str, Any]:
    firing = f"count(ALERTS{promql.matchers({**alert, 'alertstate': 'firing'}.items())}) or vector(0)"
    return {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{EVALUATION_SECONDS}s",
        "group_eval_order": [group["name"] for group in groups],
        "tests": [
            {
                "interval": f"{times.step}s",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": [
                    {"expr": firing, "eval_time": f"{at}s", "exp_samples": [{"labels": "{}", "value": 0}]}
                    for at in range(times.begin, times.end + 1, EVALUATION_SECONDS)
                ],
            }
        ],
    }


def _write(file: Path, data: Mapping[str, Any]) -> None:
    file.write_text(yaml.dump(data, Dumper=yaml.CSafeDumper, sort_keys=False, width=2**16), encoding="utf-8")


def _seconds(spelt: str) -> float:
    """promtool's 7h16m30s."""
    units = {"d": DAY, "h": HOUR, "m": MINUTE, "s": 1}
    return float(sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)([dhms])", spelt)))
