"""What a verdict asks for an SLO: the counters that its queries sum up, for one class of traffic.

The class is put in place in the syntax tree: a matcher `traffic="user"` asks for another class, and nothing else moves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import promql_parser as pq

from slo import event_series, promql, rule_context
from slo.event_series import Leaf
from slo.model import Events, RawRatio, Slo
from slo.query import Query, Unit

LABEL, USER = "traffic", "user"
ANY_TRAFFIC, MIXED = "any traffic", "mixed"
_SIGNS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}
_EQUAL = str(pq.MatchOp.Equal).rpartition(".")[2]
Matchers = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """Counters of a sum: each event of what `selector` selects counts `weight`. `job`: as a matcher names it, or ""."""

    selector: str
    weight: float
    job: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """An SLI whose queries add and subtract rates of counters: read from the counters themselves.

    traffic: the class that they count; any traffic where they tell none, mixed where they differ.
    """

    bad: tuple[Term, ...]
    total: tuple[Term, ...]
    traffic: str

    @property
    def selectors(self) -> frozenset[str]:
        """Everything that must be read."""
        return frozenset(term.selector for term in (*self.bad, *self.total))


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """An SLI whose queries do more: asked as they are, one window after the other. Parts as in `Query`."""

    bad: tuple[str, ...]
    total: tuple[str, ...]
    per_second: bool
    traffic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCounted:
    """An SLI that counts no events, and why."""

    reason: str


Plan = Counters | Questions | NotCounted


def plan(slo: Slo, traffic: str) -> Plan:
    """How the events of *slo* are counted for the class *traffic*."""
    sli = slo.sli
    if not isinstance(sli, Events):
        what = "a raw ratio" if isinstance(sli, RawRatio) else "a sloth plugin"
        return NotCounted(reason=f"not counted: its SLI is {what}, which tells no events")
    bad, total = event_series.leaves(sli.bad), event_series.leaves(sli.total)
    if bad and total:
        found = _joined(_class_of(_with_class(leaf.matchers, traffic)) for leaf in (*bad, *total))
        return Counters(bad=_terms(bad, traffic), total=_terms(total, traffic), traffic=found)
    if rule_context.unit(sli) is Unit.UNKNOWN:
        return NotCounted(reason="not counted: its queries do not show what one event weighs")
    return _questions(sli, traffic)


def _terms(leaves: Iterable[Leaf], traffic: str) -> tuple[Term, ...]:
    return tuple(
        Term(
            selector=_selector(leaf.name, _with_class(leaf.matchers, traffic)),
            weight=leaf.weight,
            job=next((value for name, sign, value in leaf.matchers if (name, sign) == ("job", _EQUAL)), ""),
        )
        for leaf in leaves
    )


def _with_class(matchers: Matchers, traffic: str) -> Matchers:
    return tuple(
        (name, sign, traffic) if (name, sign, value) == (LABEL, _EQUAL, USER) else (name, sign, value)
        for name, sign, value in matchers
    )


def _class_of(matchers: Matchers) -> str:
    """What these matchers say of the class of traffic."""
    said = [(sign, value) for name, sign, value in matchers if name == LABEL]
    if not said:
        return ANY_TRAFFIC
    return said[0][1] if len(said) == 1 and said[0][0] == _EQUAL else MIXED


def _joined(of_selectors: Iterable[str]) -> str:
    found = set(of_selectors)
    return found.pop() if len(found) == 1 else MIXED


def _selector(name: str, matchers: Matchers) -> str:
    return name + "{" + ",".join(f"{label}{_SIGNS[sign]}{promql.quote(value)}" for label, sign, value in matchers) + "}"


# --- queries that are no plain sums ---------------------------------------------------------------------------------

_WINDOW = "7654321s"  # stands for the window while the tree is changed; no person writes it


class _Pinned(Exception):
    """The query asks about one moment, whatever the range."""


def _questions(sli: Events, traffic: str) -> Questions | NotCounted:
    said: list[str] = []
    try:
        bad, total = (_rewritten(query, traffic, said) for query in (sli.bad, sli.total))
    except _Pinned:
        return NotCounted(reason="not counted: an @ modifier pins its queries to one moment")
    return Questions(bad=bad, total=total, per_second=sli.total.unit is Unit.PER_SECOND, traffic=_joined(said))


def _rewritten(query: Query, traffic: str, said: list[str]) -> tuple[str, ...]:
    """The query for another class, in parts around the window. *said* is told the class of each selector."""

    def visit(node: Any) -> Any:
        inner = node.vector_selector if isinstance(node, pq.MatrixSelector) else node
        if not isinstance(inner, pq.VectorSelector):
            return None
        if inner.at is not None:
            raise _Pinned
        old = tuple((m.name, str(m.op).rpartition(".")[2], m.value) for m in inner.matchers.matchers)
        new = _with_class(old, traffic)
        if isinstance(node, pq.MatrixSelector) or new == old:
            said.append(_class_of(new))
        return None if new == old else pq.parse(_spelt(node, inner, new))

    tree = pq.transform(pq.parse(query.at(_WINDOW)), visit)
    return tuple(tree.prettify().split(pq.display_duration(pq.parse_duration(_WINDOW))))


def _spelt(node: Any, inner: Any, matchers: Matchers) -> str:
    text = _selector(inner.name or "", matchers)
    if isinstance(node, pq.MatrixSelector):
        text += f"[{node.range.total_seconds():.0f}s]"
    if inner.offset is not None:
        text += f" offset {inner.offset.total_seconds():.0f}s"
    return text
