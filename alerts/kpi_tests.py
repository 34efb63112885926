"""promtool tests of the alerts of KPIs: weeks of history, an hour a step, and what follows from them.

They read a copy of the KPIs' own groups, kept beside the tests: every other rule of the shipped file, at hundreds of
steps, would take minutes. The KPI itself is fed, as `kpi:value`: its query finds no events in a test, and records
nothing. One that answers without events, such as `vector(1)`, would, and is replaced in the copy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from alerts import kpi as kpi_alerts
from alerts import kpi_courses, kpi_texts
from alerts.kpi_courses import STEP_SECONDS, Course, Firing
from slo import conventions as names
from slo import kpi_rules, promql, promtool, query, rule
from slo.artifact import FOLDERS, TESTS, Artifact, header
from slo.model import Kpi, Pairs, SpecFile, pairs
from slo.promtool import AlertCheck, Case, Check
from slo.routing_model import Links
from slo.rule import Alert, Group
from slo.rule_tests import STAND_INS

STAND_IN = "tillwatch_test_kpi"
_ANSWERS_UNFED = re.compile(
    r"\b(?:vector|absent|absent_over_time|time|pi|minute|hour|month|year|day\w*)\s*\(", re.IGNORECASE
)


def build(file: SpecFile, addresses: Links | None) -> Iterator[Artifact]:
    """The test file of one file of specs, and its copy of rules; none where no KPI tells anybody anything."""
    told = [kpi for spec in file.specs for kpi in spec.kpis if kpi.alert is not None]
    if not told:
        return
    copies = [_stand_in(kpi) if _answers_unfed(kpi) else kpi for kpi in told]
    groups = [group(kpi, addresses) for kpi in copies]
    copy = f"{STAND_INS}/{file.stem}.kpi.yaml"
    yield Artifact(f"{FOLDERS[TESTS]}/{copy}", header(file.name) + rule.to_yaml(groups))
    cases = promtool.merged(case for kpi in copies for case in _cases(kpi, addresses))
    text = promtool.to_yaml(copy, STEP_SECONDS, (one.name for one in groups), cases)
    yield Artifact(f"{FOLDERS[TESTS]}/{file.stem}.kpi.yaml", header(file.name) + text)


def group(kpi: Kpi, addresses: Links | None) -> Group:
    """The records of *kpi* and, behind them, its alerts."""
    return kpi_rules.group(kpi).joined(*kpi_alerts.alerts(kpi, addresses))


# --- feeding ----------------------------------------------------------------------------------------------------------


def _answers_unfed(kpi: Kpi) -> bool:
    """Whether the query may give a value where there are no series."""
    return kpi.query.scalar or _ANSWERS_UNFED.search(kpi.query.at(kpi_rules.WINDOW)) is not None


def _stand_in(kpi: Kpi) -> Kpi:
    """The same KPI with a query that can be fed."""
    text = f"max(max_over_time({STAND_IN}{promql.matchers(kpi_rules.identity(kpi))}[{{{{.window}}}}]))"
    return replace(kpi, query=query.parse(text))


def _fed(kpi: Kpi, course: Course) -> tuple[str, str]:
    """The input series of *course*, in promtool's runs."""
    name = STAND_IN if STAND_IN in kpi.query.at(kpi_rules.WINDOW) else names.KPI_VALUE
    runs = (f"{promql.number(value)}+0x{steps - 1}" for value, steps in course.phases)
    return name + promql.matchers(_series(kpi)), " ".join(runs)


def _series(kpi: Kpi) -> Pairs:
    """The labels of one series of *kpi*: those that its query groups by have any value."""
    fixed = dict(kpi.query.fixed)
    return pairs({name: fixed.get(name, "x") for name in kpi_texts.grouping(kpi) or ()}, kpi_rules.identity(kpi))


# --- cases ------------------------------------------------------------------------------------------------------------


def _cases(kpi: Kpi, addresses: Links | None) -> Iterator[Case]:
    assert kpi.alert is not None
    deviation, limit = names.kpi_alerts(kpi.alert.name, True, True)
    alerts = {alert.name: alert for alert in kpi_alerts.alerts(kpi, addresses)}
    if deviation in alerts:
        for course in kpi_courses.of_deviation(kpi, kpi.alert):
            yield _case(kpi, alerts[deviation], course)
    if limit in alerts:
        for course in kpi_courses.of_limits(kpi.alert):
            yield _case(kpi, alerts[limit], course)


def _case(kpi: Kpi, alert: Alert, course: Course) -> Case:
    silent = [AlertCheck(step * STEP_SECONDS, alert.name) for step in course.silent]
    checks: tuple[Check, ...] = ()
    if course.firing is not None:
        start, over = course.firing.start * STEP_SECONDS, course.firing.over * STEP_SECONDS
        silent += [AlertCheck(start - STEP_SECONDS, alert.name), AlertCheck(over, alert.name)]
        expected = (pairs(_series(kpi), alert.labels), _annotations(kpi, alert, course.firing))
        silent.append(AlertCheck(start, alert.name, (expected,)))
        checks = (promtool.samples_equal(over - STEP_SECONDS, _count(alert), 1),)
    return Case(
        course.name,
        (f"{kpi.service}-{kpi.name}: {alert.name}",),
        STEP_SECONDS,
        (_fed(kpi, course),),
        checks,
        tuple(silent),
    )


def _count(alert: Alert) -> str:
    return f"count(ALERTS{promql.matchers((('alertname', alert.name), ('alertstate', 'firing')))})"


def _annotations(kpi: Kpi, alert: Alert, firing: Firing) -> Pairs:
    """What the alert says, as Prometheus renders it."""
    assert kpi.alert is not None
    short = ", for history is short" if firing.weeks < len(kpi_rules.WEEKS) else ""
    above = kpi.alert.above is not None and firing.value > kpi.alert.above
    word, limit = ("above", kpi.alert.above) if above else ("below", kpi.alert.below)
    filled = {
        kpi_texts.number(kpi, "$value"): _number(kpi, firing.value),
        kpi_texts.usual(kpi): _number(kpi, firing.usual),
        kpi_texts.weeks(kpi): str(firing.weeks),
        kpi_texts.short_history(kpi): short,
        kpi_texts.beyond(kpi): "" if limit is None else kpi_texts.limit_text(kpi, word, limit),
        **{f"{{{{ $labels.{name} }}}}": value for name, value in _series(kpi)},
    }
    return tuple((name, _rendered(text, filled)) for name, text in alert.annotations)


def _rendered(text: str, filled: dict[str, str]) -> str:
    for template, value in filled.items():
        text = text.replace(template, value) if template else text
    return text.replace(kpi_texts.plain("{{"), "{{")


def _number(kpi: Kpi, value: Decimal) -> str:
    """*value* in the KPI's unit, as the templates print it."""
    return f"{float(value) * 100:.4g}%" if kpi.unit == kpi_texts.RATIO else f"{float(value):.2f} {kpi.unit}"
