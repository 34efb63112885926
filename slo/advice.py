"""What is allowed but worth knowing about an SLO: what the engine could not do for it, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from slo import promql
from slo.budget import error_budget, threshold
from slo.model import Catalogue, Events, Plugin, RawRatio, Slo
from slo.query import Query, Unit
from slo.query_check import OLDEST
from slo.rule_context import unit
from slo.windows import for_period


@dataclass(frozen=True, slots=True)
class Advice:
    """One remark on one SLO."""

    path: str
    slo: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.slo}: note: {self.message}"


def advise(catalogue: Catalogue) -> Iterator[Advice]:
    """Every remark, in the order of the files."""
    services = {spec.service for file in catalogue.files for spec in file.specs}
    for file in catalogue.files:
        for spec in file.specs:
            for unknown in sorted(set(spec.depends_on) - services):
                yield Advice(file.path, spec.service, f"depends on {unknown}, of which no spec is known")
            for slo in spec.slos:
                for message in (*_measuring(slo), *_alerting(slo)):
                    yield Advice(file.path, slo.id, message)


def _measuring(slo: Slo) -> Iterator[str]:
    match slo.sli:
        case Plugin(id=plugin):
            yield f"is measured by the sloth plugin {plugin}; only --engine sloth can build it"
        case RawRatio(ratio=query):
            yield "a raw ratio is asked anew for each window: its period averages ratios, whatever the traffic was"
            yield from _newer("error ratio", query)
        case Events(bad=bad, total=total):
            for name, query in (("error", bad), ("total", total)):
                if not query.additive:
                    yield f"the {name} query is asked anew for each window: {query.why_not}"
                yield from _newer(name, query)


def _newer(name: str, query: Query) -> Iterator[str]:
    if query.newer:
        yield f"the {name} query needs a Prometheus newer than {OLDEST}, for {', '.join(query.newer)}"


def _alerting(slo: Slo) -> Iterator[str]:
    alerting = slo.alerting
    if not alerting.enabled or isinstance(slo.sli, Plugin):
        return
    countable = isinstance(slo.sli, Events) and unit(slo.sli) is not Unit.UNKNOWN
    if alerting.min_failures and not countable:
        yield "min_failures is off: the queries do not tell how many events there were"
    pairs = for_period(slo.period_days)
    budget = error_budget(slo)
    for severity, enabled, windows in (
        ("page", alerting.page.enabled, (pairs.page_quick, pairs.page_slow)),
        ("ticket", alerting.ticket.enabled, (pairs.ticket_quick, pairs.ticket_slow)),
    ):
        lost = [window for window in windows if threshold(window.factor, budget) >= 1]
        if enabled and lost:
            which = "can never fire" if len(lost) == len(windows) else "can only fire on its slow windows"
            factor = promql.number(Fraction(round(float(lost[0].factor), 4)))
            yield (
                f"the {severity} {which}: {factor} × a budget of {promql.number(budget * 100)} % is more"
                " than all events"
            )
