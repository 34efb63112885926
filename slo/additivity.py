"""Tells from a query's syntax tree whether it is additive over time, and in which unit its value is.

Additive: the value over a long window is the sum of the values over its parts. Only then may long windows be summed
from 5m events. What the tree does not show is not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import promql_parser as pq

PROBE_SECONDS = 7_654_321
"""The length that stands for the window while a query is parsed; no person writes it."""

_PER_WINDOW_CALLS = frozenset({"increase", "sum_over_time", "count_over_time"})
_LINEAR_CALLS = frozenset({"histogram_count", "histogram_sum", "label_replace", "label_join"})
_SHAPE_KEEPING_CALLS = frozenset({"clamp", "clamp_min", "clamp_max", "sort", "sort_desc", "abs"})
_SCALE_KEEPING_AGGREGATES = frozenset({"sum", "avg", "min", "max", "topk", "bottomk", "quantile"})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


class Unit(Enum):
    """What one unit of a query's value is."""

    PER_SECOND = "per second"
    PER_WINDOW = "per window"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Nature:
    """Additive or not, in which unit, with how many places of the window accounted for."""

    additive: bool
    unit: Unit | None  # None: a zero, which has every unit
    windows: int
    why_not: str = ""


def nature(node: Any) -> Nature:
    """What the tree below *node* says."""
    match node:
        case pq.ParenExpr() | pq.UnaryExpr():
            return nature(node.expr)
        case pq.AggregateExpr():
            return _aggregate(node)
        case pq.Call():
            return _call(node)
        case pq.BinaryExpr():
            return _binary(node)
        case pq.NumberLiteral() if node.val == 0:
            return Nature(True, None, 0)
        case pq.NumberLiteral():
            return _not("a constant does not grow with the window")
        case _:
            return _not("a bare selector is a value at one moment, not events in a window")


def _not(why: str, unit: Unit | None = Unit.UNKNOWN) -> Nature:
    return Nature(False, unit or Unit.UNKNOWN, 0, why)


def _aggregate(node: Any) -> Nature:
    inner, operator = nature(node.expr), str(node.op)
    if operator == "sum":
        return inner
    unit = inner.unit if operator in _SCALE_KEEPING_AGGREGATES else Unit.UNKNOWN
    return _not(f"{operator}() of events is not a sum of events", unit)


def _call(node: Any) -> Nature:
    name = node.func.name
    if name == "rate":
        return _range(node.args[0], Unit.PER_SECOND)
    if name in _PER_WINDOW_CALLS:
        return _range(node.args[0], Unit.PER_WINDOW)
    if name in _LINEAR_CALLS or name == "vector":
        return nature(node.args[0])
    if name == "irate":
        return _not("irate() sees only the last two samples", Unit.PER_SECOND)
    if name in _SHAPE_KEEPING_CALLS:
        return _not(f"{name}() of a sum is not the sum of {name}()", nature(node.args[0]).unit)
    return _not(f"{name}() is not known to be additive over time")


def _range(node: Any, unit: Unit) -> Nature:
    """rate, increase, … over `[{{.window}}]`; a subquery's inside must not move with the window (counted later)."""
    while isinstance(node, pq.ParenExpr):
        node = node.expr
    if node.range.total_seconds() != PROBE_SECONDS:
        return _not("its range is not {{.window}}")
    return Nature(True, unit, 1)


def _binary(node: Any) -> Nature:
    operator = str(node.op)
    left, right = nature(node.lhs), nature(node.rhs)
    if operator in ("*", "/"):
        return _scaled(node, operator, left, right)
    if operator in ("+", "-", "or"):
        return _joined(operator, left, right)
    returns_bool = node.modifier is not None and bool(node.modifier.return_bool)
    if operator in ("and", "unless") or (operator in _COMPARISONS and not returns_bool):
        return _not(f"`{operator}` keeps other series for a long window than for its parts", left.unit)
    return _not(f"`{operator}` is not additive over time")


def _scaled(node: Any, operator: str, left: Nature, right: Nature) -> Nature:
    """A constant multiple stays additive; what one event then weighs is no longer known."""
    factor, inner = _constant(node.rhs), left
    if factor is None and operator == "*":
        factor, inner = _constant(node.lhs), right
    if factor == 0 and operator == "*":
        return Nature(True, None, inner.windows)
    if factor is None or factor == 0:
        return _not("a product or quotient of two series is not additive over time")
    unit = inner.unit if factor == 1 or inner.unit is None else Unit.UNKNOWN
    return Nature(inner.additive, unit, inner.windows, inner.why_not)


def _joined(operator: str, left: Nature, right: Nature) -> Nature:
    same = left.unit if left.unit is right.unit else Unit.UNKNOWN
    if not (left.additive and right.additive):
        blamed = right if left.additive else left
        other_is_zero = operator == "or" and right.additive and right.unit is None
        return _not(blamed.why_not, left.unit if other_is_zero else same)
    windows = left.windows + right.windows
    if left.unit is None or right.unit is None:
        return Nature(True, left.unit or right.unit, windows)
    if operator == "or":
        return _not("`or` may take another side for a long window than for its parts", same)
    if left.unit is not right.unit:
        return _not("it mixes values per second and per window")
    return Nature(True, left.unit, windows)


def _constant(node: Any) -> float | None:
    match node:
        case pq.NumberLiteral():
            return float(node.val)
        case pq.ParenExpr():
            return _constant(node.expr)
        case pq.UnaryExpr():
            inner = _constant(node.expr)
            return None if inner is None else -inner
        case pq.BinaryExpr() if str(node.op) in "*/+-":
            left, right = _constant(node.lhs), _constant(node.rhs)
            return None if left is None or right is None else _folded(str(node.op), left, right)
        case _:
            return None


def _folded(operator: str, left: float, right: float) -> float | None:
    if operator == "/":
        return left / right if right else None
    return {"*": left * right, "+": left + right, "-": left - right}[operator]
