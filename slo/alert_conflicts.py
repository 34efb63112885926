"""Faults that no single alert shows: names and conditions that stand twice, owners and runbooks that there are not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from slo import conventions as names
from slo import document, shape_faults, threshold_check
from slo.alert_load import ReadAlerts
from slo.alert_model import ThresholdAlert
from slo.conflicts import Read
from slo.errors import Fault
from slo.model import Slo
from slo.positions import Positions
from slo.routing_model import Routing, Team

_Declared = tuple[ReadAlerts, int, ThresholdAlert]


def alerts(read: Collection[ReadAlerts], specs: Iterable[Read], teams: Collection[Team] | None) -> Iterator[Fault]:
    """What is wrong between threshold alerts, with those of specs, and with the teams; None: nobody asks for teams."""
    declared = [
        (file, entry, alert) for file in read for entry, alert in zip(file.entries, file.file.alerts, strict=True)
    ]
    yield from _twice(declared, {names.DEPENDENCY_DOWN, *(name for _, _, name in of_specs(specs))})
    if teams is not None:
        yield from _unknown_teams(read, [team.name for team in teams])


def _unknown_teams(read: Iterable[ReadAlerts], known: Collection[str]) -> Iterator[Fault]:
    """Each once where it stands: many alerts share the head of a file, and what a spec says is the spec's fault."""
    for file in read:
        seen: set[document.Path] = set()
        for where, alert in zip(file.teams, file.file.alerts, strict=True):
            if where is not None and where not in seen and alert.team and alert.team not in known:
                seen.add(where)
                hint = shape_faults.did_you_mean(alert.team, sorted(known))
                yield file.at(where, f"unknown team {alert.team!r}{hint}")


def _twice(declared: Iterable[_Declared], taken: Collection[str]) -> Iterator[Fault]:
    first_name: dict[str, tuple[str, int]] = {}
    first_condition: dict[str, tuple[tuple[str, int], str]] = {}
    for file, entry, alert in declared:
        place = (file.file.path, entry)
        if alert.name in taken:
            yield file.fault(entry, ("name",), f"{alert.name} is the alert of an SLO or KPI already; rename one")
        elif first_name.setdefault(alert.name, place) != place:
            other = first_name[alert.name][0]
            yield file.fault(entry, ("name",), f"{alert.name} stands in {other} already; one name is one runbook")
        condition = "".join(threshold_check.expression(alert).split())
        where, name = first_condition.setdefault(condition, (place, alert.name))
        if where != place:
            yield file.fault(entry, ("query",), f"has the expression of {name}; one problem would be told twice")


def of_specs(specs: Iterable[Read]) -> Iterator[tuple[Read, tuple[int, document.Path], str]]:
    """Every alert of SLOs and KPIs: its file, its place (number of the document, path below the service), its name."""
    for found in specs:
        for number, item in enumerate(found.file.specs):
            for index, slo in enumerate(item.slos):
                for name in slo_alerts(slo):
                    yield found, (number, ("slos", index, "alerting", "name")), name
            for index, kpi in enumerate(item.kpis):
                for name in (
                    names.kpi_alerts(kpi.alert.name, kpi.alert.deviation, kpi.alert.limited) if kpi.alert else ()
                ):
                    yield found, (number, ("kpis", index, "alert", "name")), name


def slo_alerts(slo: Slo) -> tuple[str, ...]:
    """The names of the alerts of *slo*."""
    if not slo.alerting.enabled:
        return ()
    absent = (names.absent_alert(slo.alerting.name),) if slo.alerting.absent_after_seconds else ()
    return (slo.alerting.name, *absent)


def runbooks(specs: Iterable[Read], read: Iterable[ReadAlerts], there: Collection[str], folder: str) -> Iterator[Fault]:
    """A fault for each alert without a runbook.

    Args:    there: the names of the runbooks in *folder*, without their ending.
    """
    told: set[str] = set(there)
    for found, (number, steps), name in of_specs(specs):
        if name not in told:
            told.add(name)
            yield found.fault(number, steps, _missing(name, folder, there))
    for file in read:
        for entry, alert in zip(file.entries, file.file.alerts, strict=True):
            if alert.name not in told:
                told.add(alert.name)
                yield file.fault(entry, ("name",), _missing(alert.name, folder, there))


def _missing(name: str, folder: str, there: Collection[str]) -> str:
    close = shape_faults.did_you_mean(name, sorted(there)) if there else ""
    hint = close if close.startswith("; did you mean") else ""
    return f"{folder}/{name}.md is missing{hint}; ./generate.py new-runbook {name} begins one"


def routing(tree: Routing, path: str, positions: Positions) -> Iterator[Fault]:
    """Names in the routing file that it does not declare itself."""
    hours, teams = [one.name for one in tree.hours], [team.name for team in tree.teams]
    asked: list[tuple[document.Path, str, str, list[str]]] = [
        (("teams", team.name, "hours"), team.hours, "hours", hours) for team in tree.teams if team.hours
    ]
    if tree.escalation is not None:
        asked.append((("escalation", "team"), tree.escalation.team, "team", teams))
    for where, name, kind, known in asked:
        if name not in known:
            line, column = positions.of(0, where)
            hint = shape_faults.did_you_mean(name, known) if known else "; none are declared"
            message = f"unknown {kind} {name!r}{hint}"
            yield Fault(path=path, line=line, column=column, where=document.spell(where), message=message)
