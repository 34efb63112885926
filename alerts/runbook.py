"""Skeletons of runbooks: what the specs know is filled in, what only people know is marked to be written.

A skeleton is no runbook: `runbook_check` takes each mark for a fault.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from alerts import conditions, dependencies, markdown
from alerts.conditions import Condition
from alerts.rendering import render
from alerts.runbook_check import MARKER
from slo import conventions as names
from slo import kpi_rules, promql
from slo.alert_model import ThresholdAlert
from slo.catalogue import Catalogue
from slo.model import Events, Kpi, KpiAlert, Plugin, RawRatio, Slo, Spec
from slo.rule_context import BASE, shared
from slo.windows import spell


def file_name(alert: str) -> str:
    """The runbook of *alert*, below the folder of runbooks."""
    return f"{alert}.md"


def skeletons(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    """(alert, skeleton) of each alert of *catalogue*, once a name, in the order of files.

    Of several alerts with one name, the first is described.
    """
    seen: set[str] = set()
    for name, text in _all(catalogue):
        if name not in seen:
            seen.add(name)
            yield name, text


def _all(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for spec in catalogue.specs:
        for slo in spec.slos:
            if slo.alerting.enabled:
                yield slo.alerting.name, skeleton(slo, spec)
            if slo.alerting.enabled and slo.alerting.absent_after_seconds:
                yield names.absent_alert(slo.alerting.name), absent_skeleton(slo, spec)
        for kpi in spec.kpis:
            yield from kpi_skeletons(kpi)
    if dependencies.muted_pages(catalogue):
        yield names.DEPENDENCY_DOWN, dependency_skeleton()
    for alert in catalogue.alerts:
        yield alert.name, skeleton_of(alert)


def skeleton(slo: Slo, spec: Spec) -> str:
    """The runbook of *slo*'s page and ticket, as far as its *spec* tells it."""
    return _filled("slo_runbook.md.j2", slo, spec, name=slo.alerting.name, facts=facts(slo))


def absent_skeleton(slo: Slo, spec: Spec) -> str:
    """The runbook of the alert that *slo*'s SLI has disappeared."""
    name = names.absent_alert(slo.alerting.name)
    return _filled("absent_runbook.md.j2", slo, spec, name=name, facts=absent_facts(slo))


def _filled(template: str, slo: Slo, spec: Spec, **values: object) -> str:
    rules = shared(slo)
    bad, total = _queries(slo)
    return render(
        template,
        marker=MARKER,
        slo=slo,
        burn=rules.of(names.CURRENT_BURN_RATE),
        left=rules.of(names.BUDGET_REMAINING),
        events_left=rules.of(names.BUDGET_EVENTS_REMAINING) if isinstance(slo.sli, Events) else "",
        ratio=rules.of(names.sli_ratio(BASE)),
        bad=bad,
        total=total,
        needed=spec.depends_on,
        firing=_firing(spec.depends_on),
        **values,
    )


def _queries(slo: Slo) -> tuple[str, str]:
    """What the SLI counts as bad, and among what; "" where the spec does not tell."""
    match slo.sli:
        case Events(bad=bad, total=total):
            return bad.at(BASE), total.at(BASE)
        case RawRatio(ratio=ratio):
            return ratio.at(BASE), ""
        case Plugin():
            return "", ""


def _firing(services: Collection[str]) -> str:
    if not services:
        return ""
    wanted = promql.quote("|".join(services))
    return f'ALERTS{{alertstate="firing", service=~{wanted}}}'


def facts(slo: Slo) -> str:
    """What *slo* promises and when somebody is told, in one paragraph that its runbook repeats word by word."""
    pairs = groupby(conditions.of(slo), lambda pair: pair.severity)
    told = "; ".join(f"{severity} above {' or '.join(map(_pair, each))}" for severity, each in pairs)
    least = f", from {conditions.failures(slo)} bad on" if conditions.failures(slo) else ""
    return f"{_promise(slo)}. {told[:1].upper()}{told[1:]}{least}."


def absent_facts(slo: Slo) -> str:
    """The same of the alert that nothing measures *slo* any more."""
    return f"{_promise(slo)}. Nothing has measured it for {spell(slo.alerting.absent_after_seconds)}."


def _promise(slo: Slo) -> str:
    owner = f", team {markdown.words(slo.team)}" if slo.team else ""
    objective = f"{slo.objective.normalize():f} % in {slo.period_days} days"
    return f"{markdown.code(slo.id)}: {objective}{owner}"


def _pair(pair: Condition) -> str:
    return f"{conditions.percent(pair.ratio)} over {pair.short} and {pair.long}"


# --- other alerts -----------------------------------------------------------------------------------------------------


def skeleton_of(alert: ThresholdAlert) -> str:
    """The runbook of a threshold alert, as far as its declaration tells it."""
    return render(
        "threshold_runbook.md.j2",
        marker=MARKER,
        alert=alert,
        lasting=spell(alert.for_seconds) if alert.for_seconds else "",
        lingering=spell(alert.keep_firing_for_seconds) if alert.keep_firing_for_seconds else "",
        firing=_firing_alert(alert.name),
    )


def kpi_skeletons(kpi: Kpi) -> Iterator[tuple[str, str]]:
    """(alert, skeleton) of each alert of *kpi*."""
    alert = kpi.alert
    if alert is not None:
        for name in names.kpi_alerts(alert.name, alert.deviation is not None, alert.limited):
            yield name, _kpi_skeleton(name, kpi, alert)


def _kpi_skeleton(name: str, kpi: Kpi, alert: KpiAlert) -> str:
    return render(
        "kpi_runbook.md.j2",
        name=name,
        marker=MARKER,
        kpi=kpi,
        alert=alert,
        lasting=spell(alert.for_seconds) if alert.for_seconds else "",
        value=kpi_rules.selector(kpi, names.KPI_VALUE),
        baseline=kpi_rules.selector(kpi, names.KPI_BASELINE),
        weeks=kpi_rules.selector(kpi, names.KPI_WEEKS),
        firing=_firing_alert(name),
    )


def dependency_skeleton() -> str:
    """The runbook of the alert that holds pages back."""
    firing = _firing_alert(names.DEPENDENCY_DOWN)
    return render(
        "dependency_runbook.md.j2", name=names.DEPENDENCY_DOWN, marker=MARKER, firing=firing, over=f"absent({firing})"
    )


def _firing_alert(name: str) -> str:
    return f"ALERTS{promql.matchers(((names.ALERT_NAME, name), ('alertstate', 'firing')))}"
