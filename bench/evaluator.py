"""Evaluates PromQL at many moments at once: the part of the language that SLO rules speak.

Expressions are read by the same parser as specs, so that a measurement follows whatever form the rules have.
One SLO at a time: a binary operator expects one series on each side, and takes their labels as matching.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import numpy as np
import promql_parser as pq

from bench.grid import Floats, Grid, Series
from bench.over_time import FUNCTIONS, window

LOOKBACK_MS = 5 * 60_000
Value = float | list[Series]

_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
_COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_SETS = ("and", "or", "unless")


@dataclass(slots=True)
class Database:
    """Every series by metric name. `left_open`: whether a range leaves out its old end, as since Prometheus 3."""

    series: dict[str, list[Series]] = field(default_factory=dict)
    left_open: bool = True

    def add(self, name: str, series: Series) -> None:
        """Store one series."""
        self.series.setdefault(name, []).append(series)


def evaluate(expr: str, at: Grid, database: Database) -> Series:
    """The one series that *expr* yields at each moment of *at*.

    Raises:  ValueError: it is not PromQL that is simulated, or yields several series.
             KeyError: it reads a name that the database lacks.
    """
    value = _value(parsed(expr), at, database)
    return _constant(value, at) if isinstance(value, float) else _one(value)


@lru_cache(maxsize=1024)
def parsed(expr: str) -> Any:
    """The syntax tree of *expr*."""
    return pq.parse(expr)


def _value(node: Any, at: Grid, database: Database) -> Value:
    match node:
        case pq.NumberLiteral():
            return float(node.val)
        case pq.ParenExpr():
            return _value(node.expr, at, database)
        case pq.VectorSelector():
            offset = _milliseconds(node.offset)
            return [_latest(series, at, offset, database) for series in _selected(node, database)]
        case pq.Call() if node.func.name in FUNCTIONS:
            return _over_time(node.func.name, node.args[0], at, database)
        case pq.Call() if node.func.name == "vector":
            value = _value(node.args[0], at, database)
            assert isinstance(value, float)
            return [_constant(value, at)]
        case pq.AggregateExpr() if str(node.op) in ("sum", "max"):
            return _aggregated(str(node.op), _value(node.expr, at, database))
        case pq.BinaryExpr():
            return _binary(str(node.op), _value(node.lhs, at, database), _value(node.rhs, at, database))
        case _:
            raise ValueError(f"{type(node).__name__} is not simulated: {node}")


# --- selectors --------------------------------------------------------------------------------------------------


def _selected(node: Any, database: Database) -> list[Series]:
    every = database.series[node.name]
    if len(every) == 1:
        return every
    return [series for series in every if _matches(node, dict(series.labels))]


def _matches(node: Any, labels: Mapping[str, str]) -> bool:
    for matcher in node.matchers.matchers:
        kind = str(matcher.op).rpartition(".")[2]
        value = labels.get(matcher.name, "")
        same = value == matcher.value if "Equal" in kind else re.fullmatch(matcher.value, value, re.A) is not None
        if same is kind.startswith("Not"):
            return False
    return True


def _latest(series: Series, at: Grid, offset_ms: int, database: Database) -> Series:
    """The newest sample not older than the lookback; a rule that gave nothing has left a staleness mark."""
    recent = window(series.grid, at, LOOKBACK_MS, offset_ms, database.left_open)
    newest = np.maximum(recent.high - 1, 0)
    present = (recent.high > recent.low) & series.present[newest]
    return Series(at, series.values[newest], present, series.labels)


def _over_time(function: str, node: Any, at: Grid, database: Database) -> list[Series]:
    if isinstance(node, pq.SubqueryExpr):
        length, offset = _milliseconds(node.range), _milliseconds(node.offset)
        if node.step is None:
            raise ValueError(f"a subquery without a step depends on a global setting: {node}")
        inner = Grid.spanning(at.start - offset - length, at.end - offset, _milliseconds(node.step))
        found = _value(node.expr, inner, database)
        assert not isinstance(found, float)
    else:
        length, offset = _milliseconds(node.range), _milliseconds(node.vector_selector.offset)
        found = _selected(node.vector_selector, database)
    return [
        FUNCTIONS[function](series, window(series.grid, at, length, offset, database.left_open)) for series in found
    ]


def _milliseconds(duration: timedelta | None) -> int:
    return seconds_of(duration) * 1000


def seconds_of(duration: timedelta | None) -> int:
    """A duration of the syntax tree in whole seconds; 0 where there is none."""
    return 0 if duration is None else round(duration.total_seconds())


# --- operators --------------------------------------------------------------------------------------------------


def _constant(value: float, at: Grid) -> Series:
    return Series.full(at, np.full(at.count, value))


def _one(value: list[Series]) -> Series:
    if len(value) != 1:
        raise ValueError(f"{len(value)} series where one is simulated")
    return value[0]


def _aggregated(function: str, value: Value) -> list[Series]:
    assert not isinstance(value, float)
    if len(value) == 1:
        return value
    present = np.array([series.present for series in value])
    values = np.array([series.values for series in value])
    merged: Floats
    if function == "sum":
        merged = np.where(present, values, 0.0).sum(axis=0)
    else:
        merged = np.where(present, values, -np.inf).max(axis=0)
    return [Series(value[0].grid, merged, np.asarray(present.any(axis=0)))]


def _binary(symbol: str, left: Value, right: Value) -> Value:
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(left, float) and isinstance(right, float):
            return float(_ARITHMETIC[symbol](left, right))
        if symbol in _SETS:
            assert not isinstance(left, float)
            assert not isinstance(right, float)
            return [_set(symbol, _one(left), _one(right))]
        if isinstance(right, float):
            assert not isinstance(left, float)
            return [_joined(symbol, s, s.values, right, s.present) for s in left]
        if isinstance(left, float):
            return [_joined(symbol, s, left, s.values, s.present) for s in right]
        a, b = _one(left), _one(right)
        return [_joined(symbol, a, a.values, b.values, a.present & b.present)]


def _joined(symbol: str, series: Series, left: Any, right: Any, present: Any) -> Series:
    if symbol in _COMPARISONS:
        return Series(series.grid, series.values, present & _COMPARISONS[symbol](left, right), series.labels)
    return Series(series.grid, _ARITHMETIC[symbol](left, right), present, series.labels)


def _set(symbol: str, left: Series, right: Series) -> Series:
    if symbol == "or":
        values = np.where(left.present, left.values, right.values)
        return Series(left.grid, values, left.present | right.present, left.labels)
    kept = right.present if symbol == "and" else ~right.present
    return Series(left.grid, left.values, left.present & kept, left.labels)
