"""Joins records and alerts into one Prometheus rule file for each spec file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from alerts.absent import absent
from alerts.burn_rate import page, ticket
from slo.artifact import ALERTS, FOLDERS, RULES, Artifact, header
from slo.model import Catalogue, Slo, SpecFile
from slo.rule import Alert, Group, to_yaml
from slo.rules import SloRules, groups, shared


def build(catalogue: Catalogue, kinds: frozenset[str], engine: str = "native") -> Iterator[Artifact]:
    """For each file of *catalogue* its rule file, with records, alerts or both, and its unit tests, as *kinds* asks."""
    for file in catalogue.files:
        groups = tuple(groups_of(file, kinds))
        yield Artifact(f"{FOLDERS[RULES]}/{file.stem}.yaml", header(file.name) + to_yaml(groups))


def groups_of(file: SpecFile, kinds: frozenset[str] = frozenset({RULES, ALERTS})) -> Iterator[Group]:
    """Every group of every SLO of *file*, in evaluation order."""
    copies = Counter(slo.id for slo in file.slos)
    for slo in file.slos:
        suffix = "".join(f"-{value}" for _, value in slo.identity) if copies[slo.id] > 1 else ""
        yield from slo_groups(slo, kinds, suffix)


def slo_groups(slo: Slo, kinds: frozenset[str], suffix: str = "") -> Iterator[Group]:
    """The groups of one SLO, its alerts at the end of the group that records what they read."""
    rules = shared(slo, suffix)
    fast, period, meta = groups(rules)
    fast_alerts, period_alerts = alerts_of(rules) if ALERTS in kinds else ((), ())
    if RULES not in kinds:
        fast, period, meta = (Group(g.name, g.interval_seconds, ()) for g in (fast, period, meta))
    for group in (fast.joined(*fast_alerts), period.joined(*period_alerts), meta):
        if group.rules:
            yield group


def alerts_of(rules: SloRules) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """The alerts of the fast and of the period group."""
    fast = tuple(alert for alert in (page(rules), absent(rules)) if alert is not None)
    slow = tuple(alert for alert in (ticket(rules),) if alert is not None)
    return fast, slow
