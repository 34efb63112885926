"""The part of the generated rules that one alert is made of: its own rule, and every record that it reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import promql_parser as pq

from budget import series_selector
from budget.errors import BudgetError
from budget.series_selector import NAME, Selector
from slo import windows

Rule = Mapping[str, Any]
Group = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """What has to be evaluated for one alert.

    labels:   the alert's own. groups: the files' groups, with the rules that are needed alone, in the files' order.
    read:     selectors of series that none of these rules records, in the order in which they are found.
    interval_seconds: of the slowest of the groups.
    """

    labels: Mapping[str, str]
    groups: tuple[Group, ...]
    read: tuple[Selector, ...]
    interval_seconds: float


class NoRule(BudgetError):
    """No rule, or more than one, is the alert that was asked for."""


def of(groups: Sequence[Group], alert: str, labels: Mapping[str, str], *, horizon_seconds: float) -> Closure:
    """The closure of the alert *alert* whose labels hold *labels*.

    A record that looks back further than *horizon_seconds* is read as it was recorded, and not evaluated: so much
    history is not given.

    Args:    groups: of rule files, as YAML holds them.
    Raises:  NoRule.
    """
    wanted = {**labels, "alertname": alert}
    found = [rule for rule in _rules(groups) if rule.get("alert") == alert and labels.items() <= _labels(rule).items()]
    if len(found) != 1:
        raise NoRule(f"{len(found)} rules make the alert {wanted}: expected one")
    needed: list[Rule] = [found[0]]
    read: dict[Selector, None] = {}
    for rule in needed:  # grows while it is walked
        for selector in _selectors(pq.parse(rule["expr"])):
            records = [
                each for each in _rules(groups) if _may_record(each, selector) and _looks_back(each) <= horizon_seconds
            ]
            needed += [each for each in records if each not in needed]
            if not records:
                read.setdefault(selector)
    kept = tuple(_kept(groups, needed))
    return Closure(
        labels=_labels(found[0]),
        groups=kept,
        read=tuple(read),
        interval_seconds=max(_seconds(group.get("interval", "30s")) for group in kept),
    )


def _kept(groups: Iterable[Group], needed: Sequence[Rule]) -> Iterator[Group]:
    for group in groups:
        rules = [rule for rule in group["rules"] if any(rule is each for each in needed)]
        if rules:
            yield {**group, "rules": rules}


def _rules(groups: Iterable[Group]) -> Iterator[Rule]:
    return (rule for group in groups for rule in group["rules"])


def _labels(rule: Rule) -> dict[str, str]:
    return {name: str(value) for name, value in (rule.get("labels") or {}).items()}


def _may_record(rule: Rule, selector: Selector) -> bool:
    """Whether *rule* records a series that is meant; what it does not say of its labels may be so."""
    if rule.get("record") != selector.name:
        return False
    own = _labels(rule)
    known = tuple(each for each in selector.matchers if each[0] in own)
    return Selector(selector.name, known).matches({**own, NAME: selector.name})


def _selectors(node: Any) -> Iterator[Selector]:
    return (series_selector.of(tree) for tree, _ in _looks(node, timedelta()))


def _looks_back(rule: Rule) -> float:
    return max((back.total_seconds() for _, back in _looks(pq.parse(rule["expr"]), timedelta())), default=0.0)


def _looks(node: Any, outer: timedelta) -> Iterator[tuple[Any, timedelta]]:
    """Each selector below *node*, and how far back the query looks there; *outer*: what is around it does already."""
    match node:
        case pq.VectorSelector():
            yield node, outer + (node.offset or timedelta())
        case pq.MatrixSelector():
            yield from _looks(node.vector_selector, outer + node.range)
        case pq.SubqueryExpr():
            yield from _looks(node.expr, outer + (node.range or timedelta()) + (node.offset or timedelta()))
        case pq.ParenExpr() | pq.UnaryExpr():
            yield from _looks(node.expr, outer)
        case pq.AggregateExpr():
            yield from _looks(node.expr, outer)
            if node.param is not None:
                yield from _looks(node.param, outer)
        case pq.Call():
            for argument in node.args:
                yield from _looks(argument, outer)
        case pq.BinaryExpr():
            yield from _looks(node.lhs, outer)
            yield from _looks(node.rhs, outer)


def _seconds(text: str) -> float:
    return float(windows.read_seconds(text))
