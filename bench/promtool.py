"""Checks the simulator: what it says about records and alerts, asked of promtool over the same counters and rules.

promtool evaluates every group at one interval, begins at 0, and reads at most 10,000 samples a query: the caller
chooses groups, counters and rules to fit.
"""

from __future__ import annotations

import json
import math
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from bench.evaluator import Database
from bench.grid import Floats, Series
from bench.programs import program
from bench.simulation import key, needs
from slo.rule import Group, to_yaml


@dataclass(frozen=True, slots=True)
class Question:
    """An expression at a moment, and the value that the simulator expects; None where it expects nothing."""

    expr: str
    at_ms: int
    expected: float | None


def disagreement(
    groups: Sequence[Group],
    database: Database,
    raw: Iterable[str],
    wanted: Sequence[str],
    questions: Sequence[Question],
    program_name: str = "promtool3",
) -> str:
    """What promtool says of the *questions* where it does not agree; "" where it agrees with all.

    Args:    raw: metric names of the counters in *database*. wanted: keys of the rules to load, as in `run`.
    """
    needed = needs(tuple(groups), tuple(wanted))
    kept = [
        Group(group.name, group.interval_seconds, tuple(rule for rule in group.rules if key(rule) in needed))
        for group in groups
    ]
    kept = [group for group in kept if group.rules]
    series = [(name, one) for name in raw for one in database.series[name]]
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder:
        rules, test = Path(folder) / "rules.yaml", Path(folder) / "test.yaml"
        rules.write_text(to_yaml(kept), encoding="utf-8")
        test.write_text(json.dumps(_test(kept, series, questions)), encoding="utf-8")
        done = subprocess.run(
            [program(program_name), "test", "rules", str(test)], capture_output=True, text=True, check=False
        )
    return "" if done.returncode == 0 else f"{done.stdout}\n{done.stderr}"


def _test(
    groups: Sequence[Group], series: Sequence[tuple[str, Series]], questions: Sequence[Question]
) -> dict[str, object]:
    step = series[0][1].grid.step
    return {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{min(group.interval_seconds for group in groups)}s",
        "group_eval_order": [group.name for group in groups],
        "tests": [
            {
                "interval": f"{step}ms",
                "input_series": [
                    {"series": _spelled(name, one), "values": _values(one.values)} for name, one in series
                ],
                "promql_expr_test": [_asked(question) for question in questions],
            }
        ],
    }


def _spelled(name: str, series: Series) -> str:
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in series.labels) + "}"


def _values(values: Floats) -> str:
    """promtool's notation, with runs of one value shortened."""
    runs = ((value, sum(1 for _ in same)) for value, same in groupby(values.tolist()))
    return " ".join(f"{value!r}+0x{count - 1}" if count > 1 else repr(value) for value, count in runs)


def _asked(question: Question) -> dict[str, object]:
    """Values are compared to nine digits: promtool adds them up in another order."""
    expr, expected = question.expr, question.expected
    asked: dict[str, object] = {"eval_time": f"{question.at_ms}ms"}
    if expected is None:
        return asked | {"expr": expr, "exp_samples": []}
    if math.isnan(expected):
        same = f"({expr}) != bool ({expr})"
    else:
        slack = max(abs(expected) * 1e-9, 1e-12)
        same = f"(({expr}) > bool {expected - slack!r}) * (({expr}) < bool {expected + slack!r})"
    return asked | {"expr": f"sum({same})", "exp_samples": [{"labels": "{}", "value": 1}]}


def sampled(series: Series, expr: str, count: int, rng: np.random.Generator) -> list[Question]:
    """Questions about one series: at *count* moments by chance, and on both sides of each change of its presence."""
    changes = np.flatnonzero(np.diff(series.present)) + 1
    by_chance = rng.choice(series.grid.count, min(count, series.grid.count), replace=False)
    picked = {*by_chance.tolist(), *changes.tolist(), *(changes - 1).tolist()}
    return [
        Question(
            expr,
            series.grid.start + series.grid.step * index,
            float(series.values[index]) if series.present[index] else None,
        )
        for index in sorted(picked)
    ]


def firings(alert: Series, name: str, severity: str, rng: np.random.Generator) -> list[Question]:
    """Questions that only the same firings, at the same evaluations, can answer."""
    selector = f'ALERTS{{alertname="{name}",sloth_severity="{severity}",alertstate="firing"}}'
    ones = Series(alert.grid, np.ones(alert.grid.count), alert.present)
    total = int(np.count_nonzero(alert.present))
    everywhere = Question(f"count_over_time({selector}[{alert.grid.end + 1}ms])", alert.grid.end, total or None)
    return [*sampled(ones, selector, 20, rng), everywhere]
