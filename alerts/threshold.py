"""Alerting rules of threshold alerts: one file of rules for each file of alerts."""

from __future__ import annotations

from alerts import links
from slo import threshold_check
from slo.alert_model import AlertFile, ThresholdAlert
from slo.model import Pairs, pairs
from slo.routing_model import Links
from slo.rule import Alert, Group

INTERVAL_SECONDS = 30
MOST_RULES = 20
"""In a group: a ruler's limit (Mimir's default)."""


def groups(file: AlertFile, addresses: Links | None) -> tuple[Group, ...]:
    """The rules of *file*, in groups of at most twenty. *addresses* of runbooks and dashboards, if there are any."""
    made = [rule(alert, addresses) for alert in file.alerts]
    parts = [made[start : start + MOST_RULES] for start in range(0, len(made), MOST_RULES)]
    return tuple(
        Group(f"{file.stem}-{number}" if len(parts) > 1 else file.stem, INTERVAL_SECONDS, tuple(part))
        for number, part in enumerate(parts, start=1)
    )


def rule(alert: ThresholdAlert, addresses: Links | None) -> Alert:
    """The rule of one alert."""
    return Alert(
        alert.name,
        threshold_check.expression(alert),
        pairs(route_labels(alert), alert.labels),
        pairs(
            {"summary": alert.summary, "description": alert.description},
            links.linked(addresses, alert.name, alert.dashboard, _variables(alert)),
        ),
        for_seconds=alert.for_seconds,
        keep_firing_for_seconds=alert.keep_firing_for_seconds,
    )


def route_labels(alert: ThresholdAlert) -> Pairs:
    """The labels that routes read."""
    given = {"service": alert.service, "severity": alert.severity, "team": alert.team}
    return tuple((name, value) for name, value in given.items() if value)


def _variables(alert: ThresholdAlert) -> Pairs:
    """The dashboard's variables: the service unless they say another, and labels as an address holds them."""
    own = () if not alert.service else (("service", alert.service),)
    templates = {
        name: threshold_check.LABEL_TEMPLATE.sub(lambda match: links.label(match[1]), text)
        for name, text in alert.variables
    }
    return pairs(own, templates)
