"""Inhibitions of the Alertmanager: a page mutes the ticket of its own SLO, and of its own group where the query groups.

Alertmanager takes a label that both alerts lack for equal, so that one rule compares the groupings of all SLOs. Kept
apart from it are SLOs that group by a label which elsewhere tells a page from its ticket, such as `severity`; and
those whose grouping the query does not tell mute nothing: a ticket beside a page is better than one that is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slo import conventions as names
from slo.model import Events, RawRatio, Slo
from slo.scalars import LABEL

_SEVERITY = "severity"


def build(slos: Iterable[Slo]) -> list[dict[str, Any]]:
    """The inhibition rules for the alerts of *slos*."""
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
        _rule(common, [_any_of("!~", others)] if others else []),
        *(_rule(grouping, [_any_of("=~", ids)]) for grouping, ids in apart.items() if grouping is not None),
    ]


def _rule(grouping: Iterable[str], which: list[str]) -> dict[str, Any]:
    same = (*names.ID_LABELS, *names.IDENTITY_LABELS)
    return {
        "source_matchers": [f'{names.SEVERITY}="{names.PAGE}"', *which],
        "target_matchers": [f'{names.SEVERITY}="{names.TICKET}"'],
        "equal": [*same, *sorted(set(grouping) - set(same))],
    }


def _any_of(operator: str, ids: Iterable[str]) -> str:
    return f'{names.ID}{operator}"{"|".join(sorted(ids)).replace(".", "[.]")}"'


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
