"""Joins records and alerts into one Prometheus rule file for each spec file, and one of what pages read of requests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from alerts import dependencies, dependency_tests, kpi_tests, threshold, threshold_tests
from alerts import kpi as kpi_alerts
from alerts.absent import absent
from alerts.burn_rate import page, ticket
from alerts.sloth_alerts import added
from slo import kpi_rules, promql, request_record_tests, request_records, rule_tests
from slo.artifact import ALERTS, FOLDERS, RULES, TESTS, Artifact, header
from slo.catalogue import Catalogue
from slo.model import Slo, SpecFile
from slo.routing_model import Links
from slo.rule import Alert, Group, to_yaml
from slo.rule_context import SloRules, shared
from slo.rules import groups
from slo.sloth_engine import Sloth

BOTH = frozenset({RULES, ALERTS})


def build(catalogue: Catalogue, kinds: frozenset[str], sloth: Sloth | None = None) -> Iterator[Artifact]:
    """For each file of *catalogue* its rule file, with records, alerts or both, and its unit tests, as *kinds* asks.

    Args:    sloth: writes the rules instead of the native engine; the unit tests are the native engine's alone.
    Raises:  EngineError: sloth cannot.
    """
    written = sloth.rules(catalogue) if sloth is not None else None
    addresses = links_of(catalogue)
    for file in catalogue.files:
        if {RULES, ALERTS} & kinds:
            of_slos = (
                groups_of(file, kinds, addresses)
                if written is None
                else sloth_groups_of(file, written, kinds, addresses)
            )
            made = (*of_slos, *_other_groups(file, catalogue, kinds))
            yield Artifact(f"{FOLDERS[RULES]}/{file.stem}.yaml", header(file.name) + to_yaml(made))
        if TESTS in kinds and written is None:
            suffix_of = _suffixes(file)
            yield from rule_tests.build(file, lambda slo: slo_groups(slo, BOTH, suffix_of(slo), addresses))  # noqa: B023
            yield from kpi_tests.build(file, addresses)
            yield from dependency_tests.build(file, catalogue)
    for alert_file in catalogue.alert_files:
        if ALERTS in kinds:
            rules = to_yaml(threshold.groups(alert_file, addresses))
            yield Artifact(f"{FOLDERS[ALERTS]}/{alert_file.stem}.yaml", header(alert_file.name) + rules)
        if TESTS in kinds:
            yield from threshold_tests.build(alert_file, addresses)
    if catalogue.alert_files:
        yield from _of_requests(kinds)


def groups_of(file: SpecFile, kinds: frozenset[str] = BOTH, addresses: Links | None = None) -> Iterator[Group]:
    """Every group of every SLO of *file*, in evaluation order. *addresses* of runbooks and dashboards, if any."""
    suffix_of = _suffixes(file)
    for slo in file.slos:
        yield from slo_groups(slo, kinds, suffix_of(slo), addresses)


def sloth_groups_of(
    file: SpecFile,
    written: Iterator[tuple[Group, ...]],
    kinds: frozenset[str] = BOTH,
    addresses: Links | None = None,
) -> Iterator[Group]:
    """The same with what the real sloth has *written* for the SLOs of *file*, which come next in it."""
    for slo in file.slos:
        yield from added(slo, next(written), kinds, addresses)


def _other_groups(file: SpecFile, catalogue: Catalogue, kinds: frozenset[str]) -> Iterator[Group]:
    """KPIs with their alerts, and what holds pages back while a dependency is down."""
    addresses = links_of(catalogue)
    for spec in file.specs:
        for kpi in spec.kpis:
            records = kpi_rules.group(kpi)
            rules = records.rules if RULES in kinds else ()
            alerts = kpi_alerts.alerts(kpi, addresses) if ALERTS in kinds else ()
            if rules or alerts:
                yield replace(records, rules=(*rules, *alerts))
        if ALERTS in kinds:
            yield from dependencies.groups(spec, catalogue, addresses)


def _of_requests(kinds: frozenset[str]) -> Iterator[Artifact]:
    """What the shop's own pages read: there where they are, which is where threshold alerts are."""
    stem, first_line = request_records.STEM, header("request_records.py")
    if RULES in kinds:
        yield Artifact(f"{FOLDERS[RULES]}/{stem}.yaml", first_line + to_yaml((request_records.group(),)))
    if TESTS in kinds:
        yield Artifact(f"{FOLDERS[TESTS]}/{stem}.yaml", first_line + request_record_tests.text())


def links_of(catalogue: Catalogue) -> Links | None:
    """Where runbooks and dashboards are found, if anybody said so."""
    return catalogue.routing.links if catalogue.routing is not None else None


def _suffixes(file: SpecFile) -> Callable[[Slo], str]:
    """What tells the groups of two copies of one SLO apart, where a file holds both."""
    copies = Counter(slo.id for slo in file.slos)
    return lambda slo: promql.matchers(slo.identity) if copies[slo.id] > 1 else ""


def slo_groups(slo: Slo, kinds: frozenset[str], suffix: str = "", addresses: Links | None = None) -> Iterator[Group]:
    """The groups of one SLO, its alerts at the end of the group that records what they read."""
    rules = shared(slo, suffix)
    fast, period, meta = groups(rules)
    fast_alerts, period_alerts = alerts_of(rules, addresses) if ALERTS in kinds else ((), ())
    if RULES not in kinds:
        fast, period, meta = (Group(g.name, g.interval_seconds, ()) for g in (fast, period, meta))
    for group in (fast.joined(*fast_alerts), period.joined(*period_alerts), meta):
        if group.rules:
            yield group


def alerts_of(rules: SloRules, addresses: Links | None = None) -> tuple[tuple[Alert, ...], tuple[Alert, ...]]:
    """The alerts of the fast and of the period group."""
    fast = (page(rules, addresses), absent(rules, addresses=addresses))
    slow = ticket(rules, addresses)
    return tuple(alert for alert in fast if alert is not None), () if slow is None else (slow,)
