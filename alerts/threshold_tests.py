"""promtool tests of threshold alerts: the cases that stand beside each alert in its file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote_plus

from alerts import threshold
from slo import promql, promtool
from slo.alert_model import AlertCase, AlertFile, ExpectedAlert, ThresholdAlert
from slo.artifact import FOLDERS, TESTS, Artifact, header
from slo.model import Pairs, pairs
from slo.promtool import AlertCheck, Case, Check
from slo.routing_model import Links
from slo.threshold_check import LABEL_TEMPLATE
from slo.windows import spell


def build(file: AlertFile, addresses: Links | None) -> Iterator[Artifact]:
    """The test files of one file of alerts: one for each pace at which cases are evaluated."""
    order = tuple(group.name for group in threshold.groups(file, addresses))
    for step in sorted({alert.step_seconds for alert in file.alerts}):
        alike = _alike(alert for alert in file.alerts if alert.step_seconds == step)
        cases = [case for alerts in alike for case in _cases(alerts, addresses)]
        text = promtool.to_yaml(f"../rules/{file.stem}.yaml", step, order, cases)
        yield Artifact(f"{FOLDERS[TESTS]}/{file.stem}.{spell(step)}.yaml", header(file.name) + text)


def _alike(alerts: Iterable[ThresholdAlert]) -> list[list[ThresholdAlert]]:
    """Alerts that one entry of the file makes, one for each service, together."""
    found: dict[str, list[ThresholdAlert]] = {}
    for alert in alerts:
        found.setdefault(alert.name, []).append(alert)
    return list(found.values())


def _cases(alerts: list[ThresholdAlert], addresses: Links | None) -> Iterator[Case]:
    """Each case for the first service alone, where no other service's alert may fire, and for all others at once."""
    for number in range(len(alerts[0].cases)):
        first, *others = (_case(alert, alert.cases[number], addresses) for alert in alerts)
        yield first
        if others:
            yield _together(others)


def _case(alert: ThresholdAlert, case: AlertCase, addresses: Links | None) -> Case:
    subject = f"{alert.name} of {alert.service}" if alert.service else alert.name
    step, alerts, checks = alert.step_seconds, list[AlertCheck](), list[Check]()
    if case.fires_seconds is not None:
        firing = tuple(_expected(alert, one, addresses) for one in case.alerts)
        alerts += [
            AlertCheck(case.fires_seconds - step, alert.name),
            AlertCheck(case.fires_seconds, alert.name, firing),
        ]
    if case.resolves_seconds is not None:
        # Its number may be another one by now: what counts is that it is still there.
        checks.append(promtool.samples_equal(case.resolves_seconds - step, _count(alert), len(case.alerts)))
        alerts.append(AlertCheck(case.resolves_seconds, alert.name))
    alerts += [AlertCheck(at, alert.name) for at in case.silent_seconds]
    return Case(case.name, (subject,), case.every_seconds, case.series, tuple(checks), tuple(alerts))


def _count(alert: ThresholdAlert) -> str:
    labels = (("alertname", alert.name), ("alertstate", "firing"), *threshold.route_labels(alert))
    return f"count(ALERTS{promql.matchers(labels)})"


def _together(cases: list[Case]) -> Case:
    """Several services' cases as one, for promtool evaluates the whole file for each.

    What fires at a moment fires for each of them; a series that all of them read is there once.
    """
    firing: dict[tuple[int, str], tuple[tuple[Pairs, Pairs], ...]] = {}
    for case in cases:
        for check in case.alerts:
            moment = (check.at_seconds, check.alert)
            firing[moment] = firing.get(moment, ()) + check.firing
    return Case(
        cases[0].name,
        tuple(note for case in cases for note in case.notes),
        cases[0].sample_seconds,
        tuple(dict.fromkeys(series for case in cases for series in case.inputs)),
        tuple(check for case in cases for check in case.checks),
        tuple(AlertCheck(at, alert, found) for (at, alert), found in firing.items()),
    )


def _expected(alert: ThresholdAlert, one: ExpectedAlert, addresses: Links | None) -> tuple[Pairs, Pairs]:
    """Labels and annotations as promtool must find them."""
    rule, known = threshold.rule(alert, addresses), dict(one.labels)
    labels = pairs(one.labels, {name: rendered(value, known) for name, value in rule.labels})
    annotations = {name: rendered(value, known) for name, value in rule.annotations} | {"summary": one.summary}
    return labels, pairs(annotations)


def rendered(text: str, labels: Mapping[str, str]) -> str:
    """*text* with the labels of an alert in it, as Prometheus renders them; one that is missing is empty."""

    def value(match: re.Match[str]) -> str:
        found = labels.get(match[1], "")
        return quote_plus(found) if match[2] else found

    return LABEL_TEMPLATE.sub(value, text)
