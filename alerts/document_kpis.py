"""The part of the alerts' document about KPIs: far from what is usual, or beyond a limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerts import kpi_courses
from alerts.document_promises import Runbook
from alerts.document_thresholds import CASE_HEAD, moments
from alerts.kpi import KEEP_FIRING_SECONDS, LEAST_WEEKS
from alerts.kpi_courses import STEP_SECONDS, Course
from alerts.markdown import table, words
from slo import conventions as names
from slo import promql
from slo.catalogue import Catalogue
from slo.model import Kpi, KpiAlert
from slo.windows import spell


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert of a KPI, in Markdown."""

    title: str
    facts: str
    condition: str
    description: str
    cases: str


def kpis(catalogue: Catalogue, runbook: Runbook) -> Iterator[Entry]:
    """The alerts of every KPI, in the order of files."""
    for spec in catalogue.specs:
        for kpi in spec.kpis:
            if kpi.alert is not None:
                yield from _entries(kpi, kpi.alert, runbook)


def _entries(kpi: Kpi, alert: KpiAlert, runbook: Runbook) -> Iterator[Entry]:
    deviation, limit = names.kpi_alerts(alert.name, True, True)
    if alert.deviation is not None:
        yield _entry(kpi, alert, runbook, deviation, _deviates(kpi, alert), tuple(kpi_courses.of_deviation(kpi, alert)))
    if alert.limited:
        yield _entry(kpi, alert, runbook, limit, _beyond(kpi, alert), tuple(kpi_courses.of_limits(alert)))


def _entry(kpi: Kpi, alert: KpiAlert, runbook: Runbook, name: str, when: str, courses: tuple[Course, ...]) -> Entry:
    owner = f"team {words(kpi.team)}" if kpi.team else ""
    lasting = f"for {spell(alert.for_seconds)}" if alert.for_seconds else ""
    stays = f"stays on for {spell(KEEP_FIRING_SECONDS)}"
    facts = (alert.severity, owner, f"service {words(kpi.service)}", lasting, stays, runbook(name))
    return Entry(
        title=words(name),
        facts=" · ".join(filter(None, facts)),
        condition=f"{words(kpi.title)} ({words(kpi.unit)}): {when}.",
        description=words(alert.description),
        cases=table(CASE_HEAD, map(_case, courses)),
    )


def _deviates(kpi: Kpi, alert: KpiAlert) -> str:
    assert alert.deviation is not None
    side = "below" if kpi.better == "higher" else "above"
    return (
        f"more than {promql.number(alert.deviation * 100)} % {side} the median of the last three weeks at this hour,"
        f" from a median of {promql.number(alert.least_baseline)} and from {LEAST_WEEKS} week of history on"
    )


def _beyond(kpi: Kpi, alert: KpiAlert) -> str:
    del kpi
    limits = (("above", alert.above), ("below", alert.below))
    return " or ".join(f"{word} {promql.number(limit)}" for word, limit in limits if limit is not None)


def _case(course: Course) -> tuple[str, ...]:
    fires, resets = (None, None) if course.firing is None else (course.firing.start, course.firing.over)
    at = tuple(None if step is None else step * STEP_SECONDS for step in (fires, resets))
    return words(course.name), *moments(at[0], at[1], tuple(step * STEP_SECONDS for step in course.silent))
