"""The series of SLOs that dashboards read: recorded ones alone, by the names and labels that both engines share."""

from __future__ import annotations

from collections.abc import Iterable

from dashboards import variables
from dashboards.model import Variable
from slo import conventions as names
from slo.catalogue import Catalogue
from slo.windows import DAY, for_period, spell


def labels(catalogue: Catalogue) -> tuple[str, ...]:
    """Labels by which the catalogue's copies of one SLO differ, the cluster always among them: one may see several."""
    used = {name for slo in catalogue.slos for name, _ in slo.identity}
    return tuple(name for name in names.IDENTITY_LABELS if name in used or name == "cluster")


def matchers(catalogue: Catalogue, *, single: bool) -> str:
    """The chosen SLOs; *single*: one of one service."""
    operator = "=" if single else "=~"
    ours = (f'{names.SERVICE}{operator}"$service"', f'{names.SLO}{operator}"$slo"')
    return ",".join((*ours, variables.scope(*labels(catalogue))))


def keys(catalogue: Catalogue) -> str:
    """The labels that tell SLOs apart, for `by` and `on`."""
    return ", ".join((*names.ID_LABELS, *labels(catalogue)))


def choices(catalogue: Catalogue, *, single: bool) -> tuple[Variable, ...]:
    """Data source, where it runs, service, SLO."""
    info = names.INFO
    places: list[Variable] = []
    for label in labels(catalogue):
        places.append(variables.place(label, info, [each.name for each in places]))
    within = variables.scope(*labels(catalogue))
    operator = "=" if single else "=~"
    service = variables.chosen("service", names.SERVICE, info, title="Service", within=within, several=not single)
    slo = variables.chosen(
        "slo",
        names.SLO,
        info,
        title="SLO",
        within=f'{within},{names.SERVICE}{operator}"$service"',
        several=not single,
    )
    return (variables.DATASOURCE, *places, service, slo)


def periods(catalogue: Catalogue) -> tuple[int, ...]:
    """The lengths of the SLOs' periods, in days, shortest first; 30 where there is no SLO."""
    return tuple(sorted({slo.period_days for slo in catalogue.slos})) or (30,)


def of_any_period(record: str, within: str, days: Iterable[int]) -> str:
    """A record whose name ends with its period, for SLOs of any of these periods.

    Args:    record: its name with `{}` for the period.
    """
    found = [f"{record.format(spell(each * DAY))}{{{within}}}" for each in days]
    return " or ".join(found)


def windows(catalogue: Catalogue) -> tuple[int, ...]:
    """Every window that some alert reads, in seconds, shortest first."""
    return tuple(sorted({each for days in periods(catalogue) for each in for_period(days).all_seconds}))
