"""The part of the alerts' document about those that are declared by an expression of their own, with their cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from alerts.document_promises import Runbook
from alerts.markdown import block, code, table, words
from slo import threshold_check
from slo.alert_model import AlertCase, AlertFile, ThresholdAlert
from slo.catalogue import Catalogue
from slo.windows import spell

CASE_HEAD = ("Case", "Fires", "Resets", "Silent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One alert, in Markdown. `one_of`: the service that stands for all, where there is one alert for each."""

    title: str
    facts: str
    summary: str
    description: str
    condition: str
    one_of: str
    cases: str


@dataclass(frozen=True, slots=True)
class File:
    """One file of alerts."""

    title: str
    alerts: tuple[Entry, ...]


def files(catalogue: Catalogue, runbook: Runbook) -> Iterator[File]:
    """Every file of alerts; alerts that are made for each service stand together."""
    for file in catalogue.alert_files:
        yield File(words(file.name), tuple(_entry(alerts, runbook) for alerts in _declared(file)))


def _declared(file: AlertFile) -> Iterator[tuple[ThresholdAlert, ...]]:
    """The alerts of each declaration: one, or one for each service."""
    for _, alerts in groupby(file.alerts, _declaration):
        yield tuple(alerts)


def _declaration(alert: ThresholdAlert) -> tuple[object, ...]:
    """What alerts that were made from one declaration have in common."""
    limits = (alert.above, alert.below, alert.for_seconds, alert.keep_firing_for_seconds)
    return alert.name, alert.severity, alert.unit, *limits


def _entry(alerts: tuple[ThresholdAlert, ...], runbook: Runbook) -> Entry:
    alert = alerts[0]
    return Entry(
        title=words(alert.name),
        facts=" · ".join(filter(None, (*_facts(alerts), runbook(alert.name)))),
        summary=code(alert.summary),
        description=words(alert.description),
        condition=block(threshold_check.expression(alert), "promql"),
        one_of=words(alert.service) if len(alerts) > 1 else "",
        cases=table(CASE_HEAD, map(_case, alert.cases)),
    )


def _facts(alerts: tuple[ThresholdAlert, ...]) -> Iterator[str]:
    alert = alerts[0]
    yield alert.severity
    for what, found in (("team", [one.team for one in alerts]), ("service", [one.service for one in alerts])):
        named = list(dict.fromkeys(filter(None, found)))
        if named:
            yield f"{what}{'s' if len(named) > 1 else ''} {words(', '.join(named))}"
    yield words(alert.unit)
    if alert.for_seconds:
        yield f"for {spell(alert.for_seconds)}"
    if alert.keep_firing_for_seconds:
        yield f"stays on for {spell(alert.keep_firing_for_seconds)}"


def _case(case: AlertCase) -> tuple[str, ...]:
    return words(case.name), *moments(case.fires_seconds, case.resolves_seconds, case.silent_seconds)


def moments(fires: int | None, resets: int | None, silent: tuple[int, ...]) -> tuple[str, str, str]:
    """Cells of a table of cases: seconds after the start of each."""
    shown = ["" if at is None else _moment(at) for at in (fires, resets)]
    return shown[0], shown[1], ", ".join(map(_moment, silent))


def _moment(seconds: int) -> str:
    return spell(seconds) if seconds else "0s"
