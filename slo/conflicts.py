"""Faults that no single value shows: specs that collide, labels that fight, teams that nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from slo import dependency_graph, document, shape_faults
from slo.conventions import KPI_LABELS
from slo.errors import Fault
from slo.model import Events, Kpi, Notice, Pairs, Plugin, RawRatio, Slo, SpecFile
from slo.positions import Positions
from slo.routing_model import Team


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read, and where the values of its specs stand. `prefixes`: (document, path of its service)."""

    file: SpecFile
    positions: Positions
    prefixes: tuple[tuple[int, document.Path], ...]

    def fault(self, number: int, steps: document.Path, message: str) -> Fault:
        """A fault at *steps* below the service of the file's spec *number*."""
        index, prefix = self.prefixes[number]
        where = (*prefix, *steps)
        line, column = self.positions.of(index, where)
        return Fault(path=self.file.path, line=line, column=column, where=document.spell(where), message=message)


def collisions(read: Iterable[Read]) -> Iterator[Fault]:
    """One fault for each SLO whose identity stands above already, at the later one."""
    first: dict[tuple[str, Pairs], tuple[str, Slo]] = {}
    for found in read:
        for number, item in enumerate(found.file.specs):
            for index, slo in enumerate(item.slos):
                path, other = first.setdefault((slo.id, slo.identity), (found.file.path, slo))
                if other is not slo:
                    yield found.fault(
                        number,
                        ("slos", index, "name"),
                        f"the id {slo.id} is taken by {other.service} / {other.name} in {path}; rename one, or tell"
                        " them apart by a label such as namespace or cluster",
                    )


def kpis(read: Iterable[Read]) -> Iterator[Fault]:
    """One fault for each KPI that stands above already, and for each whose query keeps labels that its rules write."""
    first: dict[tuple[str, str], tuple[str, Kpi]] = {}
    for found in read:
        for number, item in enumerate(found.file.specs):
            for index, kpi in enumerate(item.kpis):
                path, other = first.setdefault((kpi.service, kpi.name), (found.file.path, kpi))
                if other is not kpi:
                    message = f"the KPI {kpi.name} of {kpi.service} stands in {path} already; rename one"
                    yield found.fault(number, ("kpis", index, "name"), message)
                for name in sorted((kpi.query.labels or frozenset()) & KPI_LABELS):
                    message = f"groups by {name}, a label that the KPI's own rules write; rename it by label_replace"
                    yield found.fault(number, ("kpis", index, "query"), message)


def overwritten(read: Iterable[Read]) -> Iterator[Fault]:
    """Labels of the spec that its query's series carry as well.

    The rule would put one value over all of theirs, so that two series become one and the rule fails. Where the
    query itself pins the label to one value, nothing can go wrong.
    """
    for found in read:
        for number, item in enumerate(found.file.specs):
            for index, slo in enumerate(item.slos):
                carried = _carried(slo)
                if not carried:
                    continue
                for steps, labels in _labels(slo, item.labels, index, camel=bool(found.prefixes[number][1])):
                    for name in [name for name, _ in labels if name in carried]:
                        yield found.fault(
                            number,
                            (*steps, name),
                            f"the series of {slo.id} are grouped by {name!r}, and this value would overwrite theirs;"
                            " rename the label or leave it out",
                        )


def _carried(slo: Slo) -> frozenset[str]:
    """Label names that the series of the SLI bring along, each with more than one possible value."""
    match slo.sli:
        case Events(total=query) | RawRatio(ratio=query):
            return (query.labels or frozenset()) - {name for name, _ in query.fixed}
    return frozenset()


def _labels(slo: Slo, inherited: Pairs, index: int, *, camel: bool) -> Iterator[tuple[document.Path, Pairs]]:
    """Every set of labels that ends on a rule of *slo*, with its place."""
    yield ("labels",), inherited
    yield ("slos", index, "labels"), tuple(pair for pair in slo.labels if pair not in inherited)
    yield ("slos", index, "alerting", "labels"), slo.alerting.labels
    notices: tuple[tuple[str, Notice], ...] = (("page", slo.alerting.page), ("ticket", slo.alerting.ticket))
    for kind, notice in notices:
        if notice.enabled:
            yield ("slos", index, "alerting", f"{kind}Alert" if camel else f"{kind}_alert", "labels"), notice.labels


def unknown_teams(read: Iterable[Read], teams: tuple[Team, ...] | None) -> Iterator[Fault]:
    """Owners that the routing file lacks; nothing where there is no such file (None)."""
    names = [team.name for team in teams or ()]
    for found in read if teams is not None else ():
        for number, item in enumerate(found.file.specs):
            if item.team and item.team not in names:
                hint = shape_faults.did_you_mean(item.team, names)
                yield found.fault(number, ("team",), f"unknown team {item.team!r}{hint}")


def cycles(read: Iterable[Read]) -> Iterator[Fault]:
    """One fault for each circle of services that depend on one another, and for each that depends on itself."""
    found = {item.service: (file, number, item) for file in read for number, item in enumerate(file.file.specs)}
    for circle in dependency_graph.cycles({service: item.depends_on for service, (_, _, item) in found.items()}):
        file, number, item = found[circle[0]]
        step = item.depends_on.index(circle[1 % len(circle)])
        way = " → ".join((*circle, circle[0]))
        yield file.fault(number, ("depends_on", step), f"closes a circle: {way}; a cause must be found first")


def plugins(read: Iterable[Read]) -> Iterator[Fault]:
    """Everything that only the real sloth can run."""
    for found in read:
        for number, item in enumerate(found.file.specs):
            key = "sloPlugins" if found.prefixes[number][1] else "slo_plugins"
            places: list[document.Path] = [(key,)] if item.slo_plugins else []
            for index, slo in enumerate(item.slos):
                places += [("slos", index, "sli", "plugin")] if isinstance(slo.sli, Plugin) else []
                places += [("slos", index, "plugins")] if slo.plugins else []
            for place in places:
                yield found.fault(number, place, "is run by the real sloth alone; build with --engine sloth")
