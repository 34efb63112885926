"""Which incidents a change of the routes would leave open for ever.

Alertmanager makes PagerDuty's key of an incident from the matchers on the way to the route, and from the labels that
it groups by. Where either changes, or the key file, what is open is never resolved: its alert goes by another key.
Renaming an alert or its labels is no such change: Prometheus lets the old alert end, and its end goes the old way.

Source: Route.Key in dispatch/route.go and Key.Hash in notify/util.go of github.com/prometheus/alertmanager
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from alerts import kpi as kpi_alerts
from alerts import routes
from alerts.burn_rate import route_labels
from slo import conventions as names
from slo.catalogue import Catalogue
from slo.changes import Change
from slo.model import Slo, pairs

_MATCHER = re.compile(r'(\w+)(=|!=|=~|!~)"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Way:
    """How an alert reaches one receiver: whose key file, and the key of its group."""

    key_file: str
    group_key: str

    @property
    def dedup_key(self) -> str:
        """What PagerDuty tells incidents of one integration apart by."""
        return hashlib.sha256(self.group_key.encode()).hexdigest()


def find(old: Catalogue, new: Catalogue, deployed: dict[str, Any] | None = None) -> tuple[Change, ...]:
    """A change for each alert whose open incidents would be orphaned, in the order of the old catalogue.

    Args:    deployed: the configuration that was generated from *old*, where this code may make another one of it.
    """
    before, after = deployed or routes.config(old), routes.config(new)
    changes: dict[str, Change] = {}
    for labels in _alerts(old):
        lost = set(ways(before, labels)) - set(ways(after, labels))
        if lost:
            name = " ".join(filter(None, (labels["alertname"], labels.get("service", ""), _severity(labels))))
            changes.setdefault(name, Change(name, "rerouted", (_effect(lost),)))
    return tuple(changes.values())


def ways(config: dict[str, Any], labels: dict[str, str]) -> Iterator[Way]:
    """How an alert with *labels* reaches PagerDuty under *config*, as Alertmanager finds it."""
    keys = {receiver["name"]: _key_files(receiver) for receiver in config["receivers"]}
    for receiver, group_key in _leaves(config["route"], "", "", [], labels):
        yield from (Way(key_file, group_key) for key_file in keys[receiver])


def _effect(lost: set[Way]) -> str:
    owners = " and ".join(sorted({way.key_file.split("/")[-2] for way in lost}))
    return (
        f"incidents of it that are open at {owners} when this is deployed stay open: PagerDuty would know it by another"
        " key; resolve them by hand"
    )


def _severity(labels: dict[str, str]) -> str:
    return labels.get(names.SEVERITY) or labels.get("severity", "")


# --- Alertmanager's routing -------------------------------------------------------------------------------------------


def _leaves(
    route: dict[str, Any], path: str, receiver: str, group_by: list[str], labels: dict[str, str]
) -> Iterator[tuple[str, str]]:
    """(receiver, group key) of each route that takes an alert with *labels*; nothing where *route* does not."""
    matchers = sorted(route.get("matchers", ()))
    if not all(matches(matcher, labels) for matcher in matchers):
        return
    path += f"{'/' if path else ''}{{{','.join(matchers)}}}"
    receiver, group_by = route.get("receiver", receiver), route.get("group_by", group_by)
    taken = False
    for child in route.get("routes", ()):
        found = list(_leaves(child, path, receiver, group_by, labels))
        yield from found
        if found:
            taken = True
            if not child.get("continue"):
                return
    if not taken:
        group = ", ".join(f"{name}={_quoted(labels[name])}" for name in sorted(group_by) if name in labels)
        yield receiver, f"{path}:{{{group}}}"


def matches(matcher: str, labels: dict[str, str]) -> bool:
    """Whether an alert with *labels* meets one matcher of our routes; a label that it lacks is empty."""
    found = _MATCHER.fullmatch(matcher)
    assert found is not None, f"not a matcher that alerts.routes writes: {matcher}"
    name, operator, value = found[1], found[2], re.sub(r"\\(.)", r"\1", found[3])
    own = labels.get(name, "")
    holds = own == value if operator in ("=", "!=") else re.fullmatch(value, own) is not None
    return holds is (operator[0] == "=")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _key_files(receiver: dict[str, Any]) -> list[str]:
    return [config["routing_key_file"] for config in receiver.get("pagerduty_configs", ())]


# --- the labels of every alert ----------------------------------------------------------------------------------------


def _alerts(catalogue: Catalogue) -> Iterator[dict[str, str]]:
    for slo in catalogue.slos:
        yield from _of_slo(slo)
    for alert in catalogue.alerts:
        given = {"service": alert.service, "severity": alert.severity, "team": alert.team}
        yield {"alertname": alert.name, **{name: value for name, value in given.items() if value}, **dict(alert.labels)}
    for spec in catalogue.specs:
        for kpi in spec.kpis:
            yield from ({"alertname": alert.name, **dict(alert.labels)} for alert in kpi_alerts.alerts(kpi))


def _of_slo(slo: Slo) -> Iterator[dict[str, str]]:
    alerting = slo.alerting
    for severity, notice in ((names.PAGE, alerting.page), (names.TICKET, alerting.ticket)):
        if notice.enabled:
            own = pairs(alerting.labels, notice.labels)
            labels = pairs(slo.labels, route_labels(slo, severity, own), ((names.SEVERITY, severity),), own)
            yield {"alertname": alerting.name, names.ID: slo.id, **dict(labels)}
