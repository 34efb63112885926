"""What our alerts have over sloth's own: labels for routes, and a word when the SLI disappears."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerts.absent import absent
from alerts.burn_rate import added_annotations, route_labels
from slo import conventions as names
from slo.artifact import ALERTS, RULES
from slo.model import Events, RawRatio, Slo, pairs
from slo.routing_model import Links
from slo.rule import Alert, Group, Record
from slo.rule_context import BASE, shared


def added(slo: Slo, groups: Iterable[Group], kinds: frozenset[str], addresses: Links | None = None) -> Iterator[Group]:
    """sloth's *groups* of one SLO with these, as far as *kinds* asks for records or alerts."""
    alert = _absent(slo, addresses)
    for group in groups:
        rules = [_routed(rule, slo, addresses) if isinstance(rule, Alert) else rule for rule in group.rules]
        if alert is not None and group.name == names.alerts_group(slo.id):
            rules.append(alert)
            alert = None
        wanted = tuple(rule for rule in rules if (RULES if isinstance(rule, Record) else ALERTS) in kinds)
        if wanted:
            yield replace(group, rules=wanted)
    if alert is not None and ALERTS in kinds:  # a plugin took the group away
        yield Group(names.alerts_group(slo.id), 0, (alert,))


def _routed(alert: Alert, slo: Slo, addresses: Links | None) -> Alert:
    severity = dict(alert.labels).get(names.SEVERITY, names.TICKET)  # a plugin's alert may have none
    return replace(
        alert,
        labels=pairs(route_labels(slo, severity, alert.labels), alert.labels),
        annotations=pairs(added_annotations(slo, severity, addresses), alert.annotations),
    )


def _absent(slo: Slo, addresses: Links | None) -> Alert | None:
    """sloth records no total: what must be there is the query itself, or a plugin's 5m ratio."""
    match slo.sli:
        case Events(total=query) | RawRatio(ratio=query):
            return absent(shared(slo), query.at(BASE), addresses)
    return absent(shared(slo), addresses=addresses)
