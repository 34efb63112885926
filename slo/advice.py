"""What is allowed but worth knowing about an SLO: what the engine could not do for it, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from slo import conventions as names
from slo import promql
from slo.budget import error_budget, threshold
from slo.catalogue import Catalogue
from slo.model import Events, Pairs, Plugin, RawRatio, Slo, SpecFile
from slo.query import Query, Unit
from slo.query_check import OLDEST
from slo.query_times import offsets
from slo.rule_context import unit
from slo.windows import for_period, spell


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
    alerts: dict[str, tuple[str, str]] = {}
    for file in catalogue.files:
        yield from _bounds(file)
        for spec in file.specs:
            for unknown in sorted(set(spec.depends_on) - services):
                yield Advice(file.path, spec.service, f"depends on {unknown}, of which no spec is known")
            for message in _alert_name_label(spec.labels):
                yield Advice(file.path, spec.service, message)
            for slo in spec.slos:
                taken = _taken(slo, file.path, alerts)
                for message in (*_measuring(slo), *_labels(slo, spec.labels), *taken, *_alerting(slo), *_absent(slo)):
                    yield Advice(file.path, slo.id, message)


def _bounds(file: SpecFile) -> Iterator[Advice]:
    """One remark a file: no spec tells which buckets a histogram has."""
    sugared = [(slo.id, slo.latency) for slo in file.slos if slo.latency is not None]
    if sugared:
        buckets = sorted({f'le="{latency.below}" of {latency.histogram}' for _, latency in sugared})
        yield Advice(
            file.path,
            sugared[0][0],
            f"below must be a bucket boundary, or every event counts as bad; see that there is {', '.join(buckets)}",
        )


def _taken(slo: Slo, path: str, alerts: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Copies of one SLO share their alert's name by right: labels tell them apart."""
    if not slo.alerting.enabled:
        return
    first, where = alerts.setdefault(slo.alerting.name, (slo.id, path))
    if first != slo.id:
        yield f"its alert {slo.alerting.name} has the name of {first}'s in {where}; only their labels tell them apart"


def _labels(slo: Slo, inherited: Pairs) -> Iterator[str]:
    alerting = slo.alerting
    own = tuple(pair for pair in slo.labels if pair not in inherited)
    yield from _alert_name_label((*own, *alerting.labels, *alerting.page.labels, *alerting.ticket.labels))


def _alert_name_label(labels: Pairs) -> Iterator[str]:
    if names.ALERT_NAME in dict(labels):
        yield f"the label {names.ALERT_NAME} never reaches an alert: Prometheus puts the alert's own name there"


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
            yield from _shifted(bad, total)


def _shifted(bad: Query, total: Query) -> Iterator[str]:
    one, other = offsets(bad), offsets(total)
    if one != other:
        yield (
            f"the error query reads events {_ago(one)} and the total query {_ago(other)}: a ratio of two different"
            " times, which may be above 1"
        )


def _ago(times: tuple[timedelta, ...]) -> str:
    return " and ".join(_spelled(int(time.total_seconds())) for time in times) or "of no time"


def _spelled(seconds: int) -> str:
    if not seconds:
        return "up to now"
    return f"up to {spell(abs(seconds))} {'ago' if seconds > 0 else 'ahead'}"


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


def _absent(slo: Slo) -> Iterator[str]:
    """absent() is about all of a query's series together."""
    alerting = slo.alerting
    if not alerting.enabled or not alerting.absent_after_seconds:
        return
    match slo.sli:
        case Events(total=query) | RawRatio(ratio=query):
            groups = _groups(query)
            if groups:
                yield f"{names.absent_alert(alerting.name)} stays silent while any group is left; the query {groups}"


def _groups(query: Query) -> str:
    """How the query may have more than one series; "" where it has only one."""
    if query.labels is None:
        return "does not show whether it has groups"
    several = sorted(query.labels - {name for name, _ in query.fixed})
    return f"groups by {', '.join(several)}" if several else ""
