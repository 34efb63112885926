"""Asks Prometheus what happened in a range: alerts, faults, releases, and what each budget lost."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from budget import verdict_reading
from budget.errors import BudgetError
from budget.history import Source, ranges, seeded
from budget.history_alerts import alert_spans, read_runbooks, spells
from budget.postmortem import Postmortem, Spell
from budget.report_model import overlap
from budget.time_range import Grid
from budget.verdict_targets import Source as Counted
from slo import conventions
from slo.model import Slo

# What services export of themselves: see services/shared/faults.py and exposition.py.
FAULTS = "max by (job, fault) (shop_fault_active) > 0"
RELEASES = "max by (service, version, revision) (app_build_info)"
STEP_SECONDS = 15.0
_MOST_POINTS = 5760


class Both(Source, Counted, Protocol):
    """A server that tells of records, rules, series and targets."""


def step(start: float, end: float) -> float:
    """How finely a range is asked: as often as a machine scrapes at best, and never too much at once."""
    return max(STEP_SECONDS, float(math.ceil((end - start) / _MOST_POINTS)))


def read_postmortem(
    source: Both, slos: Sequence[Slo], *, server: str, start: float, end: float, services: Iterable[str] = ()
) -> Postmortem:
    """All that *source* knows of the range, of *services* or of all.

    Args:    slos: whose budgets are reckoned.
    Raises:  Unreachable, QueryFailed.
    """
    wanted, seconds = frozenset(services), step(start, end)
    past = seeded(source, end)
    alerts = alert_spans(source, start=start, end=end, step_seconds=seconds)
    links, notes = read_runbooks(source)
    grid = Grid(start=start, step_seconds=seconds, steps=max(1, math.ceil((end - start) / seconds)))
    return Postmortem(
        start=start,
        end=end,
        server=server,
        step_seconds=seconds,
        alerts=tuple(each for each in alerts if not wanted or wanted & _services(each.labels.items())),
        faults=tuple(_spells(source, FAULTS, ("job",), ("fault",), start, end, wanted)),
        releases=tuple(_spells(source, RELEASES, ("service",), ("version", "revision"), start, end, wanted)),
        spent=verdict_reading.verdicts(source, slos, grid, "user") if slos else (),
        runbooks=links,
        seeded=overlap(past, start, end),
        notes=notes,
    )


def without_server(*, server: str, start: float, end: float, error: BudgetError) -> Postmortem:
    """A page about a range of which nobody tells any more: a drill's own server ends with it."""
    note = f"{error}: the timeline, the alerts and what was spent are not known. Fill them in, or ask another server."
    return Postmortem(start=start, end=end, server=server, step_seconds=step(start, end), notes=(note,), answered=False)


def _spells(
    source: Source,
    query: str,
    of: tuple[str, ...],
    named: tuple[str, ...],
    start: float,
    end: float,
    wanted: frozenset[str],
) -> Iterator[Spell]:
    seconds = step(start, end)
    moments: dict[tuple[str, str], list[float]] = defaultdict(list)
    for series in ranges(source, query, start=start, end=end, step_seconds=seconds):
        service, name = (
            " ".join(filter(None, (series.labels.get(label, "") for label in labels))) for labels in (of, named)
        )
        moments[service, name] += [at for at, _ in series.points]
    for (service, name), seen in moments.items():
        if not wanted or service in wanted or service.removesuffix("-worker") in wanted:
            for begin, until in spells(seen, seconds):
                yield Spell(service=service, name=name, start=begin, end=until)


def _services(labels: Iterable[tuple[str, str]]) -> set[str]:
    return {value for name, value in labels if name in (conventions.SERVICE, "service", "job")}
