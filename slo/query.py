"""Reads one query of a spec: its window template, its type, and what its syntax tree says of it.

Two facts are decided from the tree and never guessed: whether the query is additive over time (then long windows
may be summed from 5m events), and whether its value is per second or per window (then events can be counted).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Any

import promql_parser as pq

from slo.errors import QueryError

MAX_LENGTH = 32_768
MAX_OPERATORS = 300
"""Trees are walked recursively: a deeper one could exhaust the stack, and nobody writes it by hand."""

_TEMPLATE = re.compile(r"(\s*\{\{-|\{\{)\s*\.window\s*(-\}\}\s*|\}\})")
_STRINGS = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`""", re.DOTALL)
_OPERATORS = re.compile(r"[(+\-*/%^<>]|[=!]=|\b(?:or|and|unless|atan2)\b", re.IGNORECASE)
_PROBE_SECONDS = 7_654_321
_PROBE = f"{_PROBE_SECONDS}s"  # stands for the window while parsing; no person writes it

_PER_WINDOW_CALLS = frozenset({"increase", "sum_over_time", "count_over_time"})
_LINEAR_CALLS = frozenset({"histogram_count", "histogram_sum", "label_replace", "label_join"})
_SHAPE_KEEPING_CALLS = frozenset({"clamp", "clamp_min", "clamp_max", "sort", "sort_desc", "abs"})
_SCALE_KEEPING_AGGREGATES = frozenset({"sum", "avg", "min", "max", "topk", "bottomk", "quantile"})


class Unit(Enum):
    """What one unit of a query's value is."""

    PER_SECOND = "per second"
    PER_WINDOW = "per window"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Query:
    """A query over a window still to be named.

    `parts` are the texts around the window; `additive` and `unit` are read from the tree, with `why_not` saying
    what keeps it from being additive. `labels` are the output's label names where the tree tells them, and
    `fixed` the values that its matchers pin down among them. `divides` is true where a NaN may come out.
    """

    parts: tuple[str, ...]
    additive: bool
    unit: Unit
    why_not: str
    labels: frozenset[str] | None
    fixed: tuple[tuple[str, str], ...]
    scalar: bool
    divides: bool

    def at(self, window: str) -> str:
        """The PromQL for *window* ("5m"), as an instant vector."""
        text = window.join(self.parts)
        return f"vector({text})" if self.scalar else text


def parse(text: str) -> Query:
    """Read a query as a spec has it.

    Args:    text: PromQL in which `{{ .window }}` (any spacing, trim marks allowed) stands for the window.
    Raises:  QueryError: no window in it, another template in it, not PromQL, or not an instant vector.
    """
    parts = _split(text)
    probe = _PROBE.join(parts)
    tree = _tree(probe)
    kind = _kind(tree)
    if kind not in ("vector", "scalar"):
        raise QueryError(f"is a {_KIND_NAMES[kind]}, and an instant vector was expected")
    nature = _nature(tree)
    if nature.additive and nature.windows != len(parts) - 1:
        nature = _Nature(False, nature.unit, 0, "the window also stands outside the ranges that are summed")
    labels, fixed = _labels(tree)
    return Query(
        parts=parts,
        additive=nature.additive,
        unit=nature.unit or Unit.UNKNOWN,
        why_not=nature.why_not,
        labels=labels,
        fixed=tuple(sorted(fixed.items())),
        scalar=kind == "scalar",
        divides="/" in text or "%" in text,
    )


def never_match(one: Query, other: Query) -> str:
    """Why no series of the two queries can ever match one to one; "" where they may.

    Two queries match on all of their labels: different groupings, or different pinned values of a label that both
    keep, leave nothing.
    """
    if one.labels is not None and other.labels is not None and one.labels != other.labels:
        return f"{_spell_labels(one.labels)} against {_spell_labels(other.labels)}"
    theirs = dict(other.fixed)
    for name, value in one.fixed:
        if theirs.get(name, value) != value:
            return f'{name}="{value}" against {name}="{theirs[name]}"'
    return ""


# --- text -------------------------------------------------------------------------------------------------------


def _split(text: str) -> tuple[str, ...]:
    if len(text) > MAX_LENGTH:
        raise QueryError(f"is {len(text)} characters long, and at most {MAX_LENGTH} are read")
    parts = _TEMPLATE.split(text)[::3]
    # A trim mark takes the white space beside it; the pattern has swallowed it, so nothing else is to do.
    if len(parts) == 1:
        raise QueryError("does not hold {{ .window }}, which the generator replaces by each window")
    for part in parts:
        if "{{" in part:
            raise QueryError("holds a template other than {{ .window }}, the only one that is replaced")
    # A comment would swallow the parenthesis that is put behind the query.
    end = "\n" if "#" in text else ""
    return (parts[0].lstrip(), *parts[1:-1], parts[-1].rstrip() + end)


def _tree(probe: str) -> Any:
    if len(probe) > MAX_OPERATORS and len(_OPERATORS.findall(_STRINGS.sub("", probe))) > MAX_OPERATORS:
        raise QueryError(f"has more than {MAX_OPERATORS} operators and parentheses, the most that is read")
    try:
        return pq.parse(probe)
    except Exception as error:  # the parser raises ValueError, and its Rust panics derive from BaseException
        raise QueryError(f"is not PromQL: {str(error).replace(_PROBE, '{{.window}}')}") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise QueryError("is not PromQL that the parser can read") from None


# --- types ------------------------------------------------------------------------------------------------------

_KIND_NAMES = {"matrix": "range vector", "string": "string"}


def _kind(node: Any) -> str:
    match node:
        case pq.NumberLiteral():
            return "scalar"
        case pq.StringLiteral():
            return "string"
        case pq.MatrixSelector() | pq.SubqueryExpr():
            return "matrix"
        case pq.ParenExpr() | pq.UnaryExpr():
            return _kind(node.expr)
        case pq.Call():
            return str(node.func.return_type).rpartition(".")[2].lower()
        case pq.BinaryExpr():
            return "scalar" if _kind(node.lhs) == _kind(node.rhs) == "scalar" else "vector"
        case _:
            return "vector"


# --- additivity and unit ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Nature:
    """Additive or not, in which unit, with how many window placeholders accounted for."""

    additive: bool
    unit: Unit | None  # None: a zero, which has every unit
    windows: int
    why_not: str = ""


def _not(why: str, unit: Unit | None = Unit.UNKNOWN) -> _Nature:
    return _Nature(False, unit or Unit.UNKNOWN, 0, why)


def _nature(node: Any) -> _Nature:
    match node:
        case pq.ParenExpr() | pq.UnaryExpr():
            return _nature(node.expr)
        case pq.AggregateExpr():
            inner = _nature(node.expr)
            if str(node.op) == "sum":
                return inner
            unit = inner.unit if str(node.op) in _SCALE_KEEPING_AGGREGATES else Unit.UNKNOWN
            return _not(f"{node.op}() of events is not a sum of events", unit)
        case pq.Call():
            return _call_nature(node)
        case pq.BinaryExpr():
            return _binary_nature(node)
        case pq.NumberLiteral() if node.val == 0:
            return _Nature(True, None, 0)
        case pq.NumberLiteral():
            return _not("a constant does not grow with the window")
        case _:
            return _not("a bare selector is a value at one moment, not events in a window")


def _call_nature(node: Any) -> _Nature:
    name = node.func.name
    arguments = node.args
    if name == "rate":
        return _range_nature(arguments[0], Unit.PER_SECOND)
    if name in _PER_WINDOW_CALLS:
        return _range_nature(arguments[0], Unit.PER_WINDOW)
    if name in _LINEAR_CALLS:
        return _nature(arguments[0])
    if name == "vector":
        return _nature(arguments[0])
    if name == "irate":
        return _not("irate() sees only the last two samples", Unit.PER_SECOND)
    if name in _SHAPE_KEEPING_CALLS:
        return _not(f"{name}() of a sum is not the sum of {name}()", _nature(arguments[0]).unit)
    return _not(f"{name}() is not known to be additive over time")


def _range_nature(node: Any, unit: Unit) -> _Nature:
    """rate, increase, … over `[{{.window}}]`; a subquery's inside must not move with the window (counted later)."""
    selector = node.vector_selector if isinstance(node, pq.MatrixSelector) else node
    if selector.at is not None:
        return _not("an @ modifier pins the window to one moment", unit)
    if node.range.total_seconds() != _PROBE_SECONDS:
        return _not("its range is not {{.window}}")
    return _Nature(True, unit, 1)


def _binary_nature(node: Any) -> _Nature:
    operator = str(node.op)
    left, right = _nature(node.lhs), _nature(node.rhs)
    if operator in ("*", "/"):
        return _scaled_nature(node, operator, left, right)
    if operator in ("+", "-", "or"):
        return _joined_nature(operator, left, right)
    if operator in ("and", "unless") or (operator in _COMPARISONS and not _returns_bool(node)):
        return _not(f"`{operator}` keeps other series for a long window than for its parts", left.unit)
    return _not(f"`{operator}` is not additive over time")


_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">="})


def _returns_bool(node: Any) -> bool:
    """Whether a comparison returns 0 or 1 instead of filtering."""
    return node.modifier is not None and bool(node.modifier.return_bool)


def _scaled_nature(node: Any, operator: str, left: _Nature, right: _Nature) -> _Nature:
    """A constant multiple stays additive; what one event then weighs is no longer known."""
    factor = _constant(node.rhs)
    inner = left
    if factor is None and operator == "*":
        factor, inner = _constant(node.lhs), right
    if factor == 0 and operator == "*":
        return _Nature(True, None, inner.windows)
    if factor is None or factor == 0:
        return _not("a product or quotient of two series is not additive over time")
    unit = inner.unit if factor in (1, None) or inner.unit is None else Unit.UNKNOWN
    return _Nature(inner.additive, unit, inner.windows, inner.why_not)


def _joined_nature(operator: str, left: _Nature, right: _Nature) -> _Nature:
    if not (left.additive and right.additive):
        blamed = right if left.additive else left
        if operator == "or" and right.additive and right.unit is None:
            return _not(blamed.why_not, left.unit)
        return _not(blamed.why_not, left.unit if left.unit is right.unit else Unit.UNKNOWN)
    windows = left.windows + right.windows
    if left.unit is None or right.unit is None:
        return _Nature(True, left.unit or right.unit, windows)
    if operator == "or":
        return _not("`or` may take another side for a long window than for its parts", _same(left, right))
    if left.unit is not right.unit:
        return _not("it mixes values per second and per window")
    return _Nature(True, left.unit, windows)


def _same(left: _Nature, right: _Nature) -> Unit:
    return left.unit if left.unit is right.unit and left.unit else Unit.UNKNOWN


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


# --- labels -----------------------------------------------------------------------------------------------------

_Labels = tuple[frozenset[str] | None, dict[str, str]]
_UNKNOWN_LABELS: _Labels = (None, {})


def _labels(node: Any) -> _Labels:
    """Output label names (None: unknown) and the values that equality matchers pin among them."""
    match node:
        case pq.ParenExpr() | pq.UnaryExpr():
            return _labels(node.expr)
        case pq.AggregateExpr():
            return _aggregate_labels(node)
        case pq.VectorSelector():
            return None, {m.name: m.value for m in node.matchers.matchers if str(m.op) == _EQUAL}
        case pq.MatrixSelector():
            return _labels(node.vector_selector)
        case pq.SubqueryExpr():
            return _labels(node.expr)
        case pq.Call() if node.func.name in ("vector", "time", "scalar"):
            return frozenset(), {}
        case pq.Call() if node.func.name in _LABEL_KEEPING_CALLS and node.args:
            return _labels(node.args[0])
        case pq.BinaryExpr():
            return _binary_labels(node)
        case _:
            return _UNKNOWN_LABELS


_EQUAL = str(pq.MatchOp.Equal)
_LABEL_KEEPING_CALLS = frozenset(
    {"rate", "irate", "increase", "sum_over_time", "count_over_time", "avg_over_time", "max_over_time"}
    | {"min_over_time", "histogram_count", "histogram_sum", "abs", "clamp", "clamp_min", "clamp_max"}
)
_ORDER_AGGREGATES = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})  # these keep whole series


def _aggregate_labels(node: Any) -> _Labels:
    names, fixed = _labels(node.expr)
    operator, modifier = str(node.op), node.modifier
    if operator in _ORDER_AGGREGATES:
        return names, fixed
    if operator == "count_values":
        return _UNKNOWN_LABELS
    if modifier is None:
        return frozenset(), {}
    listed = frozenset(modifier.labels)
    if str(modifier.type).endswith("By"):
        return listed, {name: value for name, value in fixed.items() if name in listed}
    kept = {name: value for name, value in fixed.items() if name not in listed}
    return (None if names is None else names - listed), kept


def _binary_labels(node: Any) -> _Labels:
    operator, modifier = str(node.op), node.modifier
    if _kind(node.lhs) == "scalar":
        return _labels(node.rhs)
    if _kind(node.rhs) == "scalar" or operator in ("and", "unless"):
        return _labels(node.lhs)
    (left, left_fixed), (right, right_fixed) = _labels(node.lhs), _labels(node.rhs)
    same = {name: value for name, value in left_fixed.items() if right_fixed.get(name) == value}
    if operator == "or":
        return (left if left == right else None), same
    if modifier is not None and (modifier.matching is not None or modifier.group_labels is not None):
        return _UNKNOWN_LABELS
    return (left if left == right else None), same


def _spell_labels(names: frozenset[str]) -> str:
    return "{" + ", ".join(sorted(names)) + "}"
