"""Inhibitions of the Alertmanager: which alert is told in place of which others.

1. A cluster that is down mutes everything in it but the sign of life.
2. A node that is down mutes what is wrong on it; one that can wait mutes what can wait.
3. A page mutes the ticket of its own SLO, and of its own group where the query groups.
4. A service that is down mutes what says the same of it by another measure.
5. A dependency that is down mutes the pages of its dependants, as far as alerts.dependencies says so.

Alertmanager takes a label that both alerts lack for equal. That lets one rule compare the groupings of all SLOs, and
would let an alert without a node mute every other one without: what a rule is about must not be empty. Kept apart
from the third are SLOs that group by a label which elsewhere tells a page from its ticket, such as `severity`; and
those whose grouping the query does not tell mute nothing: a ticket beside a page is better than one that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from alerts.dependencies import MutedPage, any_of
from slo import conventions as names
from slo import promql
from slo.model import Events, RawRatio, Slo
from slo.scalars import LABEL

CLUSTER_DOWN = "ClusterDown"
NODE_DOWN = ("NodeNotReady", "NodeUnreachable")
WATCHDOG = "Watchdog"
SYMPTOMS = ("AvailabilityLow", "HighErrorRate", "HighLatencyP95", "PaymentGatewayUnreachable")
"""What follows from an availability that is gone; not among them is what customers lose by it: orders that stop."""
_SEVERITY = "severity"

Rule = dict[str, Any]


def build(slos: Iterable[Slo], muted: Iterable[MutedPage] = (), *, scraped: bool = False) -> list[Rule]:
    """The inhibition rules for the alerts of *slos*.

    Args:    muted: the pages that a dependency can hold back. scraped: whether there is ServiceDown.
    """
    given = tuple(slos)
    gone = _gone(given) if scraped else []
    return [_cluster(), *_node(), *_pages_over_tickets(given), *_symptoms(given), *gone, *_dependencies(muted)]


def _cluster() -> Rule:
    return {
        "source_matchers": [f'alertname="{CLUSTER_DOWN}"', f'severity="{names.PAGE}"', 'cluster!=""'],
        "target_matchers": [f'alertname!~"{CLUSTER_DOWN}|{WATCHDOG}"', 'cluster!=""'],
        "equal": ["cluster"],
    }


def _node() -> list[Rule]:
    down = "|".join(NODE_DOWN)
    others = [f'alertname!~"{down}|{CLUSTER_DOWN}|{WATCHDOG}"', 'node!=""']
    return [
        {
            "source_matchers": [f'alertname=~"{down}"', f'severity="{severity}"', 'node!=""'],
            "target_matchers": [*others, *more],
            "equal": ["cluster", "node"],
        }
        for severity, more in ((names.PAGE, []), (names.TICKET, [f'severity="{names.TICKET}"']))
    ]


def _symptoms(slos: Iterable[Slo]) -> list[Rule]:
    down = sorted({slo.alerting.name for slo in slos if slo.name == names.AVAILABILITY and slo.alerting.page.enabled})
    if not down:
        return []
    return [
        {
            "source_matchers": [
                f'{names.SEVERITY}="{names.PAGE}"',
                f"alertname=~{promql.quote(any_of(down))}",
                'service!=""',
            ],
            "target_matchers": [f'alertname=~"{"|".join(SYMPTOMS)}"', f'{names.SEVERITY}=""', 'service!=""'],
            "equal": ["cluster", "service"],
        }
    ]


def _gone(slos: Iterable[Slo]) -> list[Rule]:
    """ServiceDown comes a quarter of an hour before an SLI is known to be absent, and says the same."""
    absent = sorted({names.absent_alert(slo.alerting.name) for slo in slos if slo.alerting.enabled})
    return [
        {
            "source_matchers": [f'alertname="{names.SERVICE_DOWN}"', f'severity="{names.PAGE}"', 'service!=""'],
            "target_matchers": [f"alertname=~{promql.quote(any_of((*SYMPTOMS, *absent)))}", 'service!=""'],
            "equal": ["cluster", "service"],
        }
    ]


def _dependencies(muted: Iterable[MutedPage]) -> list[Rule]:
    """By the names of the pages: the alert that an SLI has disappeared is a page of the same SLO, and is told."""
    alerts = sorted({page.slo.alerting.name for page in muted})
    if not alerts:
        return []
    return [
        {
            "source_matchers": [f'alertname="{names.DEPENDENCY_DOWN}"', 'service!=""', 'slo!=""'],
            "target_matchers": [
                f'{names.SEVERITY}="{names.PAGE}"',
                f"alertname=~{promql.quote(any_of(alerts))}",
                'service!=""',
                'slo!=""',
            ],
            "equal": [*names.IDENTITY_LABELS, "service", "slo"],
        }
    ]


def _pages_over_tickets(slos: Iterable[Slo]) -> list[Rule]:
    both = [slo for slo in slos if slo.alerting.page.enabled and slo.alerting.ticket.enabled]
    differing = {_SEVERITY}.union(*map(_differing, both))
    common: set[str] = set()
    apart: dict[frozenset[str] | None, list[str]] = {}
    for slo_id, grouping in _groupings(both).items():
        if grouping is None or grouping & differing:
            apart.setdefault(grouping, []).append(slo_id)
        else:
            common |= grouping
    others = [slo_id for ids in apart.values() for slo_id in ids]
    return [
        _rule(common, [_of_ids("!~", others)] if others else []),
        *(_rule(grouping, [_of_ids("=~", ids)]) for grouping, ids in apart.items() if grouping is not None),
    ]


def _rule(grouping: Iterable[str], which: list[str]) -> Rule:
    same = (*names.ID_LABELS, *names.IDENTITY_LABELS)
    return {
        "source_matchers": [f'{names.SEVERITY}="{names.PAGE}"', f'{names.ID}!=""', *which],
        "target_matchers": [f'{names.SEVERITY}="{names.TICKET}"', f'{names.ID}!=""'],
        "equal": [*same, *sorted(set(grouping) - set(same))],
    }


def _of_ids(operator: str, ids: Iterable[str]) -> str:
    return f"{names.ID}{operator}{promql.quote(any_of(sorted(ids)))}"


def _groupings(slos: Iterable[Slo]) -> dict[str, frozenset[str] | None]:
    """The labels that each SLO's query groups by, those of its copies together; None where the query does not tell."""
    found: dict[str, frozenset[str] | None] = {}
    for slo in slos:
        known, own = found.get(slo.id, frozenset()), _grouping(slo)
        found[slo.id] = None if known is None or own is None else known | own
    return found


def _grouping(slo: Slo) -> frozenset[str] | None:
    match slo.sli:
        # Alertmanager 0.25 refuses names that need quotes.
        case Events(total=query) | RawRatio(ratio=query) if all(map(LABEL.fullmatch, query.labels or ())):
            return query.labels
    return None


def _differing(slo: Slo) -> set[str]:
    """Names of the spec's own labels whose values page and ticket may not share."""
    notices = (slo.alerting.page.labels, slo.alerting.ticket.labels)
    templates = {name for labels in (slo.alerting.labels, *notices) for name, value in labels if "{{" in value}
    return templates | {name for name, _ in set(notices[0]) ^ set(notices[1])}
