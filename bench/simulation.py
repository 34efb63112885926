"""Runs rule groups over simulated counters: what Prometheus would have recorded, and when alerts would have fired."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import promql_parser as pq

from bench.evaluator import Database, evaluate, parsed, seconds_of
from bench.grid import Bools, Grid, Series
from slo.rule import Alert, Group, Record


def run(groups: Sequence[Group], database: Database, seconds: int, wanted: Iterable[str], start: int = 0) -> Database:
    """Evaluate in order every record that *wanted* names (records or alerts) need, and those themselves.

    All groups begin at *start*; at a common moment they run in the order given, so that nothing lags: the best
    case for rules that are spread over several groups.

    Args:    seconds: how long, from *start* (in seconds).
    Returns: *database*, with a series for each record and, under its key, each alert.
    Raises:  KeyError: a rule reads what a later group or rule would have to record first.
    """
    needed = needs(tuple(groups), tuple(wanted))
    for group in groups:
        step = group.interval_seconds * 1000
        at = Grid(start * 1000, step, seconds * 1000 // step + 1)
        for rule in group.rules:
            if key(rule) in needed:
                found = evaluate(rule.expr, at, database)
                database.add(key(rule), Series(at, found.values, found.present))
    return database


def key(rule: Record | Alert) -> str:
    """The name under which a rule's result is stored: an alert's is told apart by its severity."""
    if isinstance(rule, Record):
        return rule.name
    return f"ALERTS:{rule.name}:{dict(rule.labels).get('sloth_severity', '')}"


@lru_cache(maxsize=64)
def needs(groups: tuple[Group, ...], wanted: tuple[str, ...]) -> frozenset[str]:
    """The keys of *wanted* and of every record that they read, directly or not."""
    reads = {key(rule): frozenset(names_read(rule.expr)) for group in groups for rule in group.rules}
    missing = [name for name in wanted if name not in reads]
    if missing:
        raise KeyError(f"no rule is called {', '.join(missing)}; there are {', '.join(sorted(reads))}")
    needed: set[str] = set()
    open_names = list(wanted)
    while open_names:
        name = open_names.pop()
        if name in reads and name not in needed:
            needed.add(name)
            open_names += reads[name]
    return frozenset(needed)


def names_read(expr: str) -> Iterator[str]:
    """Every metric name that *expr* selects."""
    return (name for name, _ in ranges_read(expr))


def ranges_read(expr: str) -> Iterator[tuple[str, int]]:
    """Every metric name that *expr* selects, and how many seconds back it looks there."""
    return _ranges(parsed(expr), 0)


def _ranges(node: Any, reach: int) -> Iterator[tuple[str, int]]:
    match node:
        case pq.VectorSelector():
            yield str(node.name), reach + seconds_of(node.offset)
        case pq.MatrixSelector():
            yield from _ranges(node.vector_selector, reach + seconds_of(node.range))
        case pq.SubqueryExpr():
            yield from _ranges(node.expr, reach + seconds_of(node.range) + seconds_of(node.offset))
        case pq.Call():
            for argument in node.args:
                yield from _ranges(argument, reach)
        case pq.BinaryExpr():
            yield from _ranges(node.lhs, reach)
            yield from _ranges(node.rhs, reach)
        case pq.ParenExpr() | pq.UnaryExpr() | pq.AggregateExpr():
            yield from _ranges(node.expr, reach)
        case _:
            return


def firing(alert: Series) -> Bools:
    """Whether the alert fires at each evaluation; without `for`, as burn-rate alerts are."""
    return alert.present


def starts(fires: Bools) -> int:
    """How many times an alert began to fire."""
    return int(np.count_nonzero(fires[1:] & ~fires[:-1])) + int(fires[:1].sum())
