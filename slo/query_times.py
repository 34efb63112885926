"""Tells from a query's syntax tree how far back it looks: the offsets of its selectors."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser as pq

from slo.query import Query

_NOW = timedelta()


def offsets(query: Query) -> tuple[timedelta, ...]:
    """How long before the moment of evaluation each of the query's selectors ends: sorted, each once."""
    return tuple(sorted(set(_offsets(pq.parse(query.at("5m")), _NOW))))


def _offsets(node: Any, outer: timedelta) -> Iterator[timedelta]:
    """*outer* is what the subqueries around *node* look back already."""
    match node:
        case pq.VectorSelector():
            yield outer + (node.offset or _NOW)
        case pq.MatrixSelector():
            yield from _offsets(node.vector_selector, outer)
        case pq.SubqueryExpr():
            yield from _offsets(node.expr, outer + (node.offset or _NOW))
        case pq.ParenExpr() | pq.UnaryExpr() | pq.AggregateExpr():
            yield from _offsets(node.expr, outer)
        case pq.Call():
            for argument in node.args:
                yield from _offsets(argument, outer)
        case pq.BinaryExpr():
            yield from _offsets(node.lhs, outer)
            yield from _offsets(node.rhs, outer)
