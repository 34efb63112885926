"""Finds in a parsed query what Prometheus refuses although the parser of this process takes it.

The parser knows more than a Prometheus without feature flags: experimental functions, `or` between matchers, Rust's
regular expressions. Some forms are known to newer releases alone, which is worth a note.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import promql_parser as pq

from slo import goregex, promql
from slo.errors import QueryError

OLDEST = "2.42"
"""The oldest Prometheus that must read what is generated."""

FUNCTIONS = frozenset(
    "abs absent absent_over_time acos acosh asin asinh atan atanh avg_over_time ceil changes clamp clamp_max clamp_min"
    " cos cosh count_over_time day_of_month day_of_week day_of_year days_in_month deg delta deriv exp floor"
    " histogram_count histogram_fraction histogram_quantile histogram_sum hour idelta increase irate label_join"
    " label_replace last_over_time ln log10 log2 max_over_time min_over_time minute month pi predict_linear"
    " present_over_time quantile_over_time rad rate resets round scalar sgn sin sinh sort sort_desc sqrt"
    " stddev_over_time stdvar_over_time sum_over_time tan tanh time timestamp vector year".split()
)
_NEWER_FUNCTIONS = frozenset({"first_over_time", "histogram_avg", "histogram_stddev", "histogram_stdvar"})
AGGREGATES = frozenset("avg bottomk count count_values group max min quantile stddev stdvar sum topk".split())
_FLAGGED_AGGREGATES = frozenset({"limitk", "limit_ratio"})
_REGEXES = frozenset({str(pq.MatchOp.Re), str(pq.MatchOp.NotRe)})
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_QUOTED_NAME = re.compile(r'\{(?:[^{}]*,)?\s*""|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*""', re.I)
_BRACKETS = re.compile(r"\[[^\]]*\]|\boffset\s+-?\s*\w+", re.I)
_DURATION = re.compile(r"(?<![\w.:])\d+(?:ms|[smhdwy])")
_NUMBER = r"(0x[\da-f]+|(?:\d[\d.]*|\.\d+)(?:e[-+]?\d+)?)"
_PLAIN_SECONDS = re.compile(rf"(?:[\[:]\s*|\boffset\s+-?\s*){_NUMBER}(?!\w)", re.I)
_DURATION_PART = re.compile(r"(\d+)(ms|[smhdwy])(?![a-z])")
_UNIT_YEARS = {"y": 1.0, "w": 1 / 52, "d": 1 / 365, "h": 1 / 8760, "m": 1 / 525_600, "s": 1 / 31_536_000, "ms": 3e-11}
_MAX_YEARS = 40
_MOMENT = re.compile(r"@\s*[-+]?\s*([\d.]+(?:e[-+]?\d+)?|0x[\da-f]+|inf|nan)", re.I)
_MAX_MOMENT = 9e15
"""Prometheus keeps milliseconds in 64 bits."""
_UNARY_PLUS = re.compile(r"[(,+]\s*\+\s*[a-zA-Z_:({](?!nf\b|an\b)", re.I)
_BIG_NUMBER = re.compile(r"(?<![\w.])(?:\d[\d.]*e\+?\d{3,}|\d{300,}[\d.]*|0x[\da-f]{16,})", re.I)


@dataclass(slots=True)
class Findings:
    """What is unusual in a query: forms that need a newer Prometheus, and whether an @ pins a moment."""

    newer: list[str] = field(default_factory=list)
    pinned: bool = False


def check(tree: Any) -> Findings:
    """Refuse what the tree shows.

    Raises:  QueryError: what a Prometheus without feature flags cannot read.
    """
    found = Findings()
    _visit(tree, found)
    return found


def check_text(bare: str, found: Findings) -> None:
    """Refuse what the tree no longer shows.

    Args:    bare: the query's text with its strings emptied and its comments gone.
    Raises:  QueryError: what a Prometheus without feature flags cannot read.
    """
    _numbers(bare)
    if _UNARY_PLUS.search(bare):
        raise QueryError("has a + sign before a term, which Prometheus refuses before a range; leave it out")
    if _QUOTED_NAME.search(bare):
        found.newer.append("names in quotes")
    if _DURATION.search(_BRACKETS.sub("", bare)):
        found.newer.append("a duration as a number")
    if _PLAIN_SECONDS.search(bare):
        found.newer.append("a number as a duration")


def _numbers(bare: str) -> None:
    if (number := _BIG_NUMBER.search(bare)) and not _fits(number[0]):
        raise QueryError(f"holds a number that is too large: {number[0][:20]}")
    for amount, unit in _DURATION_PART.findall(bare):
        if len(amount) > 15 or int(amount) * _UNIT_YEARS[unit] > _MAX_YEARS:
            raise QueryError(f"holds a duration of more than {_MAX_YEARS} years: {amount[:15]}{unit}")
    for moment in _MOMENT.findall(bare):
        if moment[:2].lower() == "0x" or not float(moment) < _MAX_MOMENT:
            raise QueryError(f"pins a moment with @ that is out of range: {moment[:20]}")
    if any(not text.strip("0x.").partition("e")[0].strip("0.") for text in _PLAIN_SECONDS.findall(bare)):
        raise QueryError("holds a range or step of 0 seconds")


def _fits(number: str) -> bool:
    if number[:2].lower() == "0x":
        return int(number, 16) < 2**63
    return float(number) != float("inf")


def _visit(node: Any, found: Findings) -> None:
    match node:
        case pq.VectorSelector():
            _selector(node, found)
        case pq.MatrixSelector():
            _selector(node.vector_selector, found)
        case pq.SubqueryExpr():
            found.pinned |= node.at is not None
            _visit(node.expr, found)
        case pq.ParenExpr() | pq.UnaryExpr():
            _visit(node.expr, found)
        case pq.AggregateExpr():
            _aggregate(node, found)
        case pq.Call():
            _call(node, found)
        case pq.BinaryExpr():
            _binary(node, found)


def _selector(node: Any, found: Findings) -> None:
    found.pinned |= node.at is not None
    matchers = node.matchers
    if matchers.or_matchers:
        raise QueryError("has `or` between matchers, which Prometheus does not know; use =~ or `or` between queries")
    for matcher in matchers.matchers:
        if str(matcher.op) in _REGEXES:
            _regex(matcher.value)


def _regex(pattern: str) -> None:
    problem = goregex.problem(pattern)
    if problem:
        raise QueryError(f"holds a regular expression that Prometheus cannot read, {pattern!r}: {problem}")


def _regex_argument(pattern: str) -> None:
    """No parser looks into a string argument: the pattern is read as that of a matcher."""
    try:
        pq.parse(f"x{{a=~{promql.quote(pattern)}}}")
    except ValueError:
        raise QueryError(f"holds a regular expression that cannot be read: {pattern!r}") from None
    _regex(pattern)


def _aggregate(node: Any, found: Findings) -> None:
    operator = str(node.op)
    if operator in _FLAGGED_AGGREGATES:
        raise QueryError(f"uses {operator}(), which Prometheus knows only behind a feature flag")
    _names(node.modifier)
    if operator == "count_values" and isinstance(node.param, pq.StringLiteral):
        _label(node.param.val, operator)
    _visit(node.expr, found)
    if node.param is not None:
        _visit(node.param, found)


def _call(node: Any, found: Findings) -> None:
    name = node.func.name
    if name in _NEWER_FUNCTIONS:
        found.newer.append(f"{name}()")
    elif name not in FUNCTIONS:
        raise QueryError(f"uses {name}(), which Prometheus knows only behind a feature flag")
    if name in ("label_replace", "label_join") and isinstance(node.args[1], pq.StringLiteral):
        _label(node.args[1].val, name)
    if name == "label_replace" and isinstance(node.args[4], pq.StringLiteral):
        _regex_argument(node.args[4].val)
    for argument in node.args:
        _visit(argument, found)


def _label(name: str, user: str) -> None:
    if not _LABEL.fullmatch(name):
        raise QueryError(f"writes the label {name!r} with {user}(), and that is not a label name")


def _names(modifier: Any) -> None:
    """The labels of by, without, on and ignoring."""
    if modifier is not None and "" in modifier.labels:
        raise QueryError("groups or matches by a label without a name")


def _binary(node: Any, found: Findings) -> None:
    modifier = node.modifier
    if modifier is not None:
        _names(modifier.matching)
        if modifier.group_labels and "" in modifier.group_labels:
            raise QueryError("takes over a label without a name")
        if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
            raise QueryError("uses fill(), which Prometheus knows only behind a feature flag")
    _visit(node.lhs, found)
    _visit(node.rhs, found)
