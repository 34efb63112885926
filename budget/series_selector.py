"""A PromQL selector, and whether a series is one of those it means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as pq

from slo import promql

NAME = "__name__"


@dataclass(frozen=True, slots=True)
class Selector:
    """A metric's name, and (label, operator, value) of each matcher; the operator as PromQL spells it."""

    name: str
    matchers: tuple[tuple[str, str, str], ...]

    def __str__(self) -> str:
        """As a query has it."""
        inside = (f"{label}{operator}{promql.quote(value)}" for label, operator, value in self.matchers)
        return f"{self.name}{{{','.join(inside)}}}"

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the series with these labels, its name as `__name__` among them, is meant."""
        return labels.get(NAME) == self.name and all(
            fits(operator, value, labels.get(label, "")) for label, operator, value in self.matchers
        )


def parse(text: str) -> Selector:
    """The selector that *text* is.

    Raises:  ValueError: it is none, or one without a metric's name.
    """
    try:
        tree = pq.parse(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no selector: {error}") from None
    if not isinstance(tree, pq.VectorSelector) or tree.offset is not None or tree.at is not None:
        raise ValueError(f'{text!r} is no selector: expected one such as up{{job="orders"}}')
    return of(tree)


def of(tree: Any) -> Selector:
    """The selector that stands in a query's tree.

    Raises:  ValueError: one without a metric's name, or whose matchers are joined by `or`.
    """
    if not tree.name or tree.matchers.or_matchers:
        raise ValueError(f"{tree.prettify()}: expected a metric's name, and matchers without or")
    found = ((each.name, _OPERATORS[str(each.op).rpartition(".")[2]], each.value) for each in tree.matchers.matchers)
    return Selector(tree.name, tuple(found))


_OPERATORS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def fits(operator: str, wanted: str, value: str) -> bool:
    """Whether a label's *value* is what a matcher with this operator (=, !=, =~, !~) wants."""
    if operator in ("=", "!="):
        return (value == wanted) == (operator == "=")
    return (re.fullmatch(wanted, value) is not None) == (operator == "=~")
