"""Tells from a query's syntax tree which labels its result has, and which of them the query pins to one value."""

from __future__ import annotations

from typing import Any

import promql_parser as pq

Labels = tuple[frozenset[str] | None, dict[str, str]]
"""Names of the result's labels (None: the tree does not tell), and the values that matchers fix among them."""

_UNKNOWN: Labels = (None, {})
_NO_LABELS: Labels = (frozenset(), {})
_LABEL_KEEPING_CALLS = frozenset(
    "rate irate increase delta sum_over_time count_over_time avg_over_time max_over_time min_over_time"
    " last_over_time histogram_count histogram_sum abs clamp clamp_min clamp_max sort sort_desc".split()
)
_ORDER_AGGREGATES = frozenset({"topk", "bottomk"})  # these keep whole series
_EQUAL = str(pq.MatchOp.Equal)


def labels(node: Any) -> Labels:
    """The labels of what the tree below *node* returns."""
    match node:
        case pq.ParenExpr() | pq.UnaryExpr() | pq.SubqueryExpr():
            return labels(node.expr)
        case pq.AggregateExpr():
            return _aggregate(node)
        case pq.MatrixSelector():
            return labels(node.vector_selector)
        case pq.VectorSelector():
            pinned = {m.name: m.value for m in node.matchers.matchers if str(m.op) == _EQUAL}
            pinned.pop("__name__", None)  # no function keeps the name, and no match looks at it
            return None, pinned
        case pq.Call():
            return _call(node)
        case pq.BinaryExpr():
            return _binary(node)
        case _:
            return _UNKNOWN


def kind(node: Any) -> str:
    """The type of what the tree below *node* returns: vector, scalar, matrix or string."""
    match node:
        case pq.NumberLiteral():
            return "scalar"
        case pq.StringLiteral():
            return "string"
        case pq.MatrixSelector() | pq.SubqueryExpr():
            return "matrix"
        case pq.ParenExpr() | pq.UnaryExpr():
            return kind(node.expr)
        case pq.Call():
            return str(node.func.return_type).rpartition(".")[2].lower()
        case pq.BinaryExpr():
            return "scalar" if kind(node.lhs) == kind(node.rhs) == "scalar" else "vector"
        case _:
            return "vector"


def _call(node: Any) -> Labels:
    name = node.func.name
    if name in ("vector", "time", "scalar", "pi"):
        return _NO_LABELS
    return labels(node.args[0]) if name in _LABEL_KEEPING_CALLS else _UNKNOWN


def _aggregate(node: Any) -> Labels:
    names, pinned = labels(node.expr)
    operator, modifier = str(node.op), node.modifier
    if operator in _ORDER_AGGREGATES:
        return names, pinned
    if operator == "count_values":
        return _UNKNOWN
    if modifier is None:
        return _NO_LABELS
    listed = frozenset(modifier.labels)
    if str(modifier.type).endswith("By"):
        return listed, {name: value for name, value in pinned.items() if name in listed}
    kept = {name: value for name, value in pinned.items() if name not in listed}
    return (None if names is None else names - listed), kept


def _binary(node: Any) -> Labels:
    operator, modifier = str(node.op), node.modifier
    if kind(node.lhs) == "scalar":
        return labels(node.rhs)
    if kind(node.rhs) == "scalar" or operator in ("and", "unless"):
        return labels(node.lhs)
    (left, left_pinned), (right, right_pinned) = labels(node.lhs), labels(node.rhs)
    same = {name: value for name, value in left_pinned.items() if right_pinned.get(name) == value}
    if operator == "or":
        return (left if left == right else None), same
    if modifier is not None and (modifier.matching is not None or modifier.group_labels is not None):
        return _UNKNOWN
    return (left if left == right else None), same
