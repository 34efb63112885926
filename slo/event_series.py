"""Finds time series that make an SLI's queries count exactly one good or one bad event.

Works on sums and differences of rate() or increase(): each selector gives a candidate series, and a candidate's
weight in a query is how often that query's selectors match it. Anything else is left to other means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import promql_parser as pq

from slo import promql
from slo.model import Events, Pairs, Plugin, RawRatio, Sli, Slo
from slo.query import Query, Unit, parse

# Python's own regular expression parser; public until 3.10 as sre_parse.
from re import _parser as regex_parser  # type: ignore[attr-defined]  # isort: skip

Series = tuple[str, Pairs]
"""Metric name and labels."""


@dataclass(frozen=True, slots=True)
class EventSeries:
    """The counters that grow by one with each good and with each bad event, and the labels of the SLI they give."""

    good: tuple[Series, ...]
    bad: tuple[Series, ...]
    labels: Pairs


@dataclass(frozen=True, slots=True)
class Leaf:
    """One selector of a query: +1 or −1 (or another constant) for each event of a series that it matches."""

    weight: float
    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def matches(self, series: Series) -> bool:
        """Whether the selector selects *series*."""
        labels = dict(series[1])
        return self.name == series[0] and all(
            _fits(op, value, labels.get(name, "")) for name, op, value in self.matchers
        )


def find(sli: Events) -> EventSeries | None:
    """Series for one good and one bad event of *sli*; None where its queries are not that simple."""
    bad_leaves, total_leaves = leaves(sli.bad), leaves(sli.total)
    if not bad_leaves or not total_leaves:
        return None
    candidates = sorted({s for leaf in (*bad_leaves, *total_leaves) if (s := _candidate(leaf)) is not None})
    for good, bad in _choices(candidates, bad_leaves, total_leaves):
        labels = _output_labels(sli, good + bad)
        if labels is not None:
            return EventSeries(good, bad, labels)
    return None


def stand_in(slo: Slo) -> Slo:
    """The same SLO with a query that can be fed, for one whose own query is too free for that.

    Its values have the unit of the original, and are derived or asked anew as the original's are.
    """
    if isinstance(slo.sli, Plugin):
        raise ValueError(f"{slo.id} has no query")
    own = f"{{sloth_id={promql.quote(slo.id)}}}[{{{{.window}}}}]"
    counting = "increase" if isinstance(slo.sli, Events) and slo.sli.total.unit is Unit.PER_WINDOW else "rate"
    bad, total = (f"sum({counting}({name}{own}))" for name in ("tillwatch_test_bad_total", "tillwatch_test_total"))
    if isinstance(slo.sli, RawRatio):
        return replace(slo, sli=RawRatio(ratio=parse(f"{bad} / {total}")))
    return replace(slo, sli=Events(bad=_like(slo.sli.bad, bad), total=_like(slo.sli.total, total)))


def stand_in_series(slo: Slo) -> EventSeries:
    """The counters of a stand-in."""
    labels = (("sloth_id", slo.id),)
    bad, total = ("tillwatch_test_bad_total", labels), ("tillwatch_test_total", labels)
    return EventSeries(good=(total,), bad=(bad, total), labels=())


def _like(query: Query, text: str) -> Query:
    return replace(parse(text), additive=query.additive, unit=query.unit, why_not=query.why_not)


def sees(sli: Sli, series: EventSeries) -> bool:
    """Whether a query of *sli* reads one of these series; True where that cannot be told."""
    if not isinstance(sli, Events):
        return True
    found = (*leaves(sli.bad), *leaves(sli.total))
    return not found or any(leaf.matches(one) for leaf in found for one in series.good + series.bad)


def _choices(
    candidates: list[Series], bad_leaves: tuple[Leaf, ...], total_leaves: tuple[Leaf, ...]
) -> Iterator[tuple[tuple[Series, ...], tuple[Series, ...]]]:
    """Pairs of sets that count (0 bad, n total) and (n bad, n total)."""
    weights = {
        chosen: (_weight(chosen, bad_leaves), _weight(chosen, total_leaves))
        for size in (1, 2)
        for chosen in combinations(candidates, size)
    }
    for good, (no_bad, total) in weights.items():
        if no_bad == 0 and total > 0:
            for bad, counted in weights.items():
                if counted == (total, total):
                    yield good, bad


def _weight(chosen: tuple[Series, ...], leaves: tuple[Leaf, ...]) -> float:
    return sum(leaf.weight for series in chosen for leaf in leaves if leaf.matches(series))


def _output_labels(sli: Events, series: tuple[Series, ...]) -> Pairs | None:
    """The labels that the queries give to these series; None where they differ from one to another."""
    if sli.total.labels is None or sli.bad.labels != sli.total.labels:
        return None
    outputs = {tuple(pair for pair in labels if pair[0] in sli.total.labels) for _, labels in series}
    return outputs.pop() if len(outputs) == 1 else None


# --- reading the tree -------------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def leaves(query: Query) -> tuple[Leaf, ...]:
    """The selectors of a linear query; none where it is not linear."""
    if not query.additive:
        return ()
    try:
        return tuple(_walk(pq.parse(query.at("5m")), 1.0))
    except _NotLinear:
        return ()


class _NotLinear(Exception):
    """The query does more than add and subtract rates."""


def _walk(node: Any, weight: float) -> Iterator[Leaf]:
    match node:
        case pq.ParenExpr() | pq.AggregateExpr():  # additive: the only aggregate is a sum
            yield from _walk(node.expr, weight)
        case pq.UnaryExpr():
            yield from _walk(node.expr, -weight)
        case pq.BinaryExpr() if str(node.op) in ("+", "-"):
            yield from _walk(node.lhs, weight)
            yield from _walk(node.rhs, weight if str(node.op) == "+" else -weight)
        case pq.BinaryExpr() if str(node.op) == "or":  # additive: the right side is a zero
            yield from _walk(node.lhs, weight)
        case pq.Call() if node.func.name in ("rate", "increase") and isinstance(node.args[0], pq.MatrixSelector):
            yield _leaf(node.args[0].vector_selector, weight)
        case pq.Call() if node.func.name == "vector":
            return
        case _:
            raise _NotLinear


def _leaf(selector: Any, weight: float) -> Leaf:
    if selector.offset is not None or not selector.name or selector.matchers.or_matchers:
        raise _NotLinear
    matchers = tuple((m.name, str(m.op).rpartition(".")[2], m.value) for m in selector.matchers.matchers)
    return Leaf(weight, selector.name, matchers)


# --- label values -----------------------------------------------------------------------------------------------

_GUESSES = ("", "x", "200", "GET", "0")


def _candidate(leaf: Leaf) -> Series | None:
    """A series that *leaf* matches, with no label that it does not ask for."""
    labels: dict[str, str] = {}
    for name in sorted({name for name, _, _ in leaf.matchers}):
        asked = [(op, value) for matcher, op, value in leaf.matchers if matcher == name]
        value = next((v for v in _values(asked) if all(_fits(op, wanted, v) for op, wanted in asked)), None)
        if value is None:
            return None
        if value:
            labels[name] = value
    return leaf.name, tuple(sorted(labels.items()))


def _values(asked: list[tuple[str, str]]) -> Iterator[str]:
    for op, value in asked:
        if op == "Equal":
            yield value
        elif op == "Re":
            yield from _examples(value)
    yield from _GUESSES


def _fits(op: str, wanted: str, value: str) -> bool:
    if op in ("Equal", "NotEqual"):
        return (value == wanted) is (op == "Equal")
    try:
        return (re.fullmatch(wanted, value) is not None) is (op == "Re")
    except re.error:  # RE2 syntax that Python lacks
        return False


def _examples(pattern: str) -> Iterator[str]:
    try:
        yield _example(regex_parser.parse(pattern))
    except (re.error, _NotLinear):
        return


def _example(parsed: Any) -> str:
    """The shortest text that the parsed pattern asks for, first branch and first character of each choice."""
    out = ""
    for op, value in parsed:
        kind = str(op)
        if kind == "LITERAL":
            out += chr(value)
        elif kind in ("ANY", "NOT_LITERAL"):
            out += "0" if value != ord("0") else "1"
        elif kind == "IN":
            out += _one_of(value)
        elif kind in ("MAX_REPEAT", "MIN_REPEAT"):
            out += _example(value[2]) * max(value[0], 1 if value[1] else 0)
        elif kind == "SUBPATTERN":
            out += _example(value[-1])
        elif kind == "BRANCH":
            out += _example(value[1][0])
        elif kind != "AT":
            raise _NotLinear
    return out


def _one_of(choices: Any) -> str:
    kind, value = str(choices[0][0]), choices[0][1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "RANGE":
        return chr(value[0])
    return {"CATEGORY_DIGIT": "0", "CATEGORY_SPACE": " "}.get(str(value), "x")


def spell(series: Series) -> str:
    """`name{a="b"}` as promtool's input series have it."""
    return series[0] + (promql.matchers(series[1]) if series[1] else "")
