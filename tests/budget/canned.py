"""Readings of one SLO as Prometheus would answer them, for tests of what is made of them."""

from collections.abc import Mapping
from typing import Any

from budget.answers import Rule, RuleGroup, Sample
from budget.readings import HOUR_EVENTS, NEWEST, Readings
from budget.status import SloStatus, statuses
from slo import conventions

NOW = 2_000_000_000.0
DAY = 86_400.0
UP = {conventions.ID: "shop-up", conventions.SERVICE: "shop", conventions.SLO: "up"}
FIGURES = {
    conventions.OBJECTIVE: 0.999,
    conventions.PERIOD_DAYS: 30,
    conventions.CURRENT_BURN_RATE: 2.5,
    conventions.PERIOD_BURN_RATE: 0.25,
    conventions.BUDGET_REMAINING: 0.75,
    conventions.BUDGET_EVENTS_REMAINING: 1234.5,
    HOUR_EVENTS: 5000,
    NEWEST: NOW - 20,
}


def sample(labels: Mapping[str, str], value: float = 1.0) -> Sample:
    """One series' value."""
    return Sample(labels=labels, value=value, at=NOW)


def readings(*alerts: Mapping[str, str], figures: Mapping[str, float] = FIGURES, **changes: Any) -> Readings:
    """Readings of one SLO with *alerts*."""
    records = {record: (sample(UP, value),) for record, value in figures.items()}
    given = {"records": records, "alerts": tuple(sample({**UP, **alert}) for alert in alerts), "at": NOW}
    return Readings(**given | changes)


def group(*labels: Mapping[str, str], health: str = "ok", **changes: Any) -> RuleGroup:
    """A group with a rule for each of *labels*."""
    rules = tuple(
        Rule(name="r", kind="recording", query="1", labels=one, health=health, error="many-to-many") for one in labels
    )
    given = {"name": "g", "file": "f", "interval_seconds": 30.0, "evaluated_at": None, "rules": rules}
    return RuleGroup(**given | changes)


def only(given: Readings) -> SloStatus:
    """The only status that is made of *given*."""
    (status,) = statuses(given)
    return status
