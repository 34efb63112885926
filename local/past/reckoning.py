"""Evaluates a query that reckons with sums of rates, over arrays: NaN where Prometheus would have nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import promql_parser as pq

from local.past.draw import Floats
from slo.event_series import Leaf

_ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": np.divide,
}
_COMPARISONS: Mapping[str, Callable[[Any, Any], Any]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}


class Unknown(Exception):
    """The query does more than is known here."""


def evaluated(promql: str, rate: Callable[[Leaf], Floats]) -> Any:
    """The value of *promql*, where *rate* knows each sum of rates; they are asked for from left to right.

    Raises:  Unknown: there is more in it than is known here.
    """
    return _evaluated(pq.parse(promql), rate)


def _evaluated(node: Any, rate: Callable[[Leaf], Floats]) -> Any:
    match node:
        case pq.NumberLiteral():
            return node.val
        case pq.ParenExpr():
            return _evaluated(node.expr, rate)
        case pq.AggregateExpr() if str(node.op) == "sum" and node.modifier is None:
            return rate(_leaf(node.expr))
        case pq.BinaryExpr() if _is_plain(node.modifier):
            return _joined(str(node.op), _evaluated(node.lhs, rate), _evaluated(node.rhs, rate))
    raise Unknown


def _is_plain(modifier: Any) -> bool:
    """Whether an operator takes both sides as they are; `or` has a modifier that says nothing."""
    return modifier is None or not (modifier.matching or modifier.group_labels or modifier.return_bool)


def _joined(sign: str, left: Any, right: Any) -> Any:
    if sign in _ARITHMETIC:
        with np.errstate(divide="ignore", invalid="ignore"):
            return _ARITHMETIC[sign](left, right)
    if sign in _COMPARISONS:
        kept = left if isinstance(left, np.ndarray) else right
        return np.where(_COMPARISONS[sign](left, right), kept, np.nan)
    if sign == "or":
        return np.where(np.isnan(left), right, left)
    raise Unknown


def _leaf(node: Any) -> Leaf:
    if not (isinstance(node, pq.Call) and node.func.name == "rate" and isinstance(node.args[0], pq.MatrixSelector)):
        raise Unknown
    selector = node.args[0].vector_selector
    if selector.offset is not None or selector.at is not None or not selector.name or selector.matchers.or_matchers:
        raise Unknown
    matchers = tuple((m.name, str(m.op).rpartition(".")[2], m.value) for m in selector.matchers.matchers)
    return Leaf(1.0, selector.name, matchers)
