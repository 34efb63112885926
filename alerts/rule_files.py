"""Joins records and alerts into one Prometheus rule file for each spec file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from alerts.absent import absent
from alerts.burn_rate import page, ticket
from alerts.sloth_alerts import added
from slo import kpi_rules, promql, rule_tests
from slo.artifact import ALERTS, FOLDERS, RULES, TESTS, Artifact, header
from slo.model import Catalogue, Slo, SpecFile
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
    for file in catalogue.files:
        if {RULES, ALERTS} & kinds:
            made = groups_of(file, kinds) if written is None else sloth_groups_of(file, written, kinds)
            yield Artifact(f"{FOLDERS[RULES]}/{file.stem}.yaml", header(file.name) + to_yaml(made))
        if TESTS in kinds and written is None:
            suffix_of = _suffixes(file)
            yield from rule_tests.build(file, lambda slo: slo_groups(slo, BOTH, suffix_of(slo)))  # noqa: B023


def groups_of(file: SpecFile, kinds: frozenset[str] = BOTH) -> Iterator[Group]:
    """Every group of every SLO of *file*, in evaluation order."""
    suffix_of = _suffixes(file)
    for slo in file.slos:
        yield from slo_groups(slo, kinds, suffix_of(slo))
    yield from _kpi_groups(file, kinds)


def sloth_groups_of(
    file: SpecFile, written: Iterator[tuple[Group, ...]], kinds: frozenset[str] = BOTH
) -> Iterator[Group]:
    """The same with what the real sloth has *written* for the SLOs of *file*, which come next in it."""
    for slo in file.slos:
        yield from added(slo, next(written), kinds)
    yield from _kpi_groups(file, kinds)


def _kpi_groups(file: SpecFile, kinds: frozenset[str]) -> Iterator[Group]:
    if RULES in kinds:
        yield from (kpi_rules.group(kpi) for spec in file.specs for kpi in spec.kpis)


def _suffixes(file: SpecFile) -> Callable[[Slo], str]:
    """What tells the groups of two copies of one SLO apart, where a file holds both."""
    copies = Counter(slo.id for slo in file.slos)
    return lambda slo: promql.matchers(slo.identity) if copies[slo.id] > 1 else ""


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
