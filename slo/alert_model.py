"""What a file of threshold alerts means, once read: a number, its limit, who is told, and the cases that prove it.

Frozen, like `slo.model`; the rules that follow are derived in `alerts`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from slo.model import Pairs


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAlert:
    """One alert that must fire in a case. `labels`: beside those that the rule writes; `summary`: as rendered."""

    labels: Pairs
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCase:
    """A course of series, and when the alert fires in it; times are seconds after the start.

    series: (series, promtool's values), one value each `every_seconds`.
    alerts: what fires, from `fires_seconds` on and not one evaluation earlier; empty in a case that stays silent.
    resolves_seconds: the first evaluation at which nothing fires any more; None where the case ends before that.
    silent_seconds: further moments at which nothing fires.
    """

    name: str
    every_seconds: int
    series: Pairs
    alerts: tuple[ExpectedAlert, ...]
    fires_seconds: int | None
    resolves_seconds: int | None
    silent_seconds: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThresholdAlert:
    """One alert that is declared by its own expression.

    query:      PromQL, its parameters filled in. With `above` or `below` a number that is held against that limit;
                with neither, whatever it returns fires.
    only_if:    PromQL behind the comparison, each beginning with and, or, unless.
    service:    owner of the problem, "" where the series bring a label of that name.
    severity:   page, ticket or info.
    dashboard:  uid of the dashboard that shows it; `variables` are set there, their values are templates.
    step_seconds: how often the cases are evaluated.
    """

    name: str
    service: str
    team: str
    severity: str
    query: str
    above: Decimal | None
    below: Decimal | None
    only_if: tuple[str, ...]
    for_seconds: int
    keep_firing_for_seconds: int
    unit: str
    summary: str
    description: str
    dashboard: str
    variables: Pairs
    labels: Pairs
    step_seconds: int
    cases: tuple[AlertCase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertFile:
    """One file of alerts: `path` as people named it, `name` below the folder they gave, `stem` of its output."""

    path: str
    name: str
    stem: str
    alerts: tuple[ThresholdAlert, ...]
