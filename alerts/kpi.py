"""The alerts of a KPI: that it is far from what is usual at this hour, and that it is beyond a limit.

They stand at the end of the KPI's own group, whose records they read. Each one's number is the KPI itself, in its unit.

A deviation is told from the first week of history on, and the alert says on how many weeks its baseline stands. Waiting
for a second would leave a new shop unwatched for two weeks and win little: the median of two is their mean, which one
odd week moves by half as much as it moves one. Only three outlive it. Without a week there is none: the last day's
average, which stands in for the baseline then, is no measure of an hour of the night.
"""

from __future__ import annotations

from alerts import kpi_texts, links
from slo import conventions as names
from slo import kpi_rules, promql
from slo.model import Kpi, KpiAlert, Pairs, pairs
from slo.routing_model import Links
from slo.rule import Alert

LEAST_WEEKS = 1
KEEP_FIRING_SECONDS = 600
"""A ratio is absent for a few minutes where little happens: that ends no alert and opens no second one."""


def alerts(kpi: Kpi, addresses: Links | None = None) -> tuple[Alert, ...]:
    """What somebody is told of *kpi*: nothing, its deviation, its limits, or both. *addresses* of runbooks and
    dashboards, if there are any.
    """
    alert = kpi.alert
    if alert is None:
        return ()
    deviation, limit = names.kpi_alerts(alert.name, True, True)
    made = []
    if alert.deviation is not None:
        made.append(_alert(kpi, deviation, _deviates(kpi, alert), kpi_texts.of_deviation(kpi), addresses))
    if alert.limited:
        made.append(_alert(kpi, limit, _beyond(kpi, alert), kpi_texts.of_limit(kpi), addresses))
    return tuple(made)


def _alert(kpi: Kpi, name: str, expr: str, texts: Pairs, addresses: Links | None) -> Alert:
    assert kpi.alert is not None
    linked = links.linked(addresses, name, kpi.alert.dashboard, ((names.KPI_SERVICE, kpi.service),))
    return Alert(
        name,
        expr,
        labels(kpi, kpi.alert),
        pairs(texts, linked),
        for_seconds=kpi.alert.for_seconds,
        keep_firing_for_seconds=KEEP_FIRING_SECONDS,
    )


def labels(kpi: Kpi, alert: KpiAlert) -> Pairs:
    """What routes read, as far as the query does not group by a label of that name."""
    given = pairs(kpi_rules.identity(kpi), {"severity": alert.severity, "team": kpi.team})
    return tuple((name, value) for name, value in given if value and name not in (kpi.query.labels or ()))


def _deviates(kpi: Kpi, alert: KpiAlert) -> str:
    assert alert.deviation is not None
    share = promql.number(alert.deviation)
    worse = f"< -{share}" if kpi_texts.is_drop(kpi) else f"> {share}"
    return (
        f"{kpi_rules.selector(kpi, names.KPI_VALUE)}\n"
        f"and\n{kpi_rules.selector(kpi, names.KPI_DEVIATION)} {worse}\n"
        f"and\n{kpi_rules.selector(kpi, names.KPI_BASELINE)} > {promql.number(alert.least_baseline)}\n"
        f"and\n{kpi_rules.selector(kpi, names.KPI_WEEKS)} >= {LEAST_WEEKS}"
    )


def _beyond(kpi: Kpi, alert: KpiAlert) -> str:
    value = kpi_rules.selector(kpi, names.KPI_VALUE)
    limits = ((">", alert.above), ("<", alert.below))
    return "\nor\n".join(f"{value} {sign} {promql.number(limit)}" for sign, limit in limits if limit is not None)
