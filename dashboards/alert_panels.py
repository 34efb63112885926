"""The number of each threshold alert as a panel, with the alert's own limit: what a page links to is there to be seen.

An alert's expression, limit, unit and description are read from its spec, so that panel and alert cannot disagree; what
it would sum anew at each point is read recorded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby

import promql_parser as pq

from dashboards import links, recorded, units
from dashboards.model import BLUE, GREEN, ORANGE, RED, Limit, Panel, Query
from slo import conventions as names
from slo import promql, query_labels, threshold_check
from slo.alert_model import ThresholdAlert
from slo.catalogue import Catalogue
from slo.windows import read_seconds, spell

COLOURS = {names.PAGE: RED, names.TICKET: ORANGE, names.INFO_SEVERITY: BLUE}
MOST_SECONDS = 300
"""A longer window is asked for one moment alone: as often as the rule itself does, and not for each point of a line."""
_RANGE = re.compile(r"\[([0-9a-z]+)(?::[0-9a-z]*)?\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Colours of a panel: `base` until the first of `limits`."""

    base: str = GREEN
    limits: tuple[Limit, ...] = ()


def bounds(catalogue: Catalogue, *alerts: str) -> Bounds:
    """The limits of the alerts of these names, of the first service that has one; none where there is no such alert."""
    found = {alert.name: alert for alert in reversed(catalogue.alerts) if alert.name in alerts}
    of_all = [_bounds(found[name]) for name in alerts if name in found]
    limits = sorted((limit for each in of_all for limit in each.limits), key=lambda limit: limit.value)
    return Bounds(base=of_all[0].base if of_all else GREEN, limits=tuple(limits))


def _bounds(alert: ThresholdAlert) -> Bounds:
    colour = COLOURS[alert.severity]
    if alert.above is not None:
        return Bounds(limits=(Limit(value=alert.above, colour=colour, strict=True),))
    if alert.below is not None:
        return Bounds(base=colour, limits=(Limit(value=alert.below, colour=GREEN),))
    return Bounds(limits=(Limit(value=1, colour=colour),))


def both_ways(catalogue: Catalogue, alert: str) -> Bounds:
    """The limit of an alert on how far a number is from 0, for a panel of that number with its sign."""
    found = bounds(catalogue, alert)
    if not found.limits:
        return found
    (limit,) = found.limits
    return Bounds(base=limit.colour, limits=(Limit(value=-limit.value, colour=GREEN), limit))


def of_dashboard(catalogue: Catalogue, uid: str, *, most_seconds: int = MOST_SECONDS) -> tuple[Panel, ...]:
    """A panel for each alert that links to the dashboard *uid*; one for those that there is one of each service.

    Args:    most_seconds: the longest window that is asked for each point of a line.
    """
    ours = [alert for alert in catalogue.alerts if alert.dashboard == uid]
    return tuple(panel(catalogue, tuple(same), most_seconds) for _, same in groupby(ours, lambda alert: alert.name))


def of_service(catalogue: Catalogue, service: str) -> tuple[Panel, ...]:
    """A panel for each alert that there is one of each service, for *service*."""
    several = {alert.name for alert in catalogue.alerts if alert.service not in ("", service)}
    ours = [alert for alert in catalogue.alerts if alert.service == service and alert.name in several]
    return tuple(panel(catalogue, (alert,)) for alert in ours)


def panel(catalogue: Catalogue, alerts: tuple[ThresholdAlert, ...], most_seconds: int = MOST_SECONDS) -> Panel:
    """The number of one alert, of each of its services."""
    alert = alerts[0]
    numeric = alert.above is not None or alert.below is not None
    expressions = [_number(alert) if numeric else threshold_check.expression(alert) for alert in alerts]
    expression = recorded.read(_joined(expressions, [alert.service for alert in alerts]))
    found = _bounds(alert)
    instant = not numeric or _longest(expression) > most_seconds
    expression = _chosen(expression, alert.query) if numeric else _counted(expression, alert.query)
    return Panel(
        kind="timeseries" if not instant else "bar_gauge" if numeric else "stat",
        title=_words(alert.name),
        description=_description(alerts),
        unit=units.grafana(alert.unit) if numeric else "short",
        queries=(Query(expression=expression, instant=instant),),
        base=found.base,
        limits=found.limits,
        links=links.runbook(catalogue, alert.name),
        width=6,
        height=7,
        decimals=None if numeric else 0,
        no_value="nothing measured",
    )


def _number(alert: ThresholdAlert) -> str:
    """What is held against the limit; 0 where a condition excludes it, or it would look like trouble."""
    excluded = [condition for condition in alert.only_if if condition.lstrip().lower().startswith("unless")]
    if not excluded:
        return alert.query
    kept = "\n".join((f"(\n{alert.query}\n)", *excluded))
    return kept if alert.above is None else f"(\n{kept}\n) or 0 * (\n{alert.query}\n)"


def _joined(expressions: list[str], services: list[str]) -> str:
    if len(expressions) == 1:
        return expressions[0]
    return " or ".join(
        f'label_replace({expression}, "service", {promql.quote(service)}, "", "")'
        for expression, service in zip(expressions, services, strict=True)
    )


def _chosen(expression: str, query: str) -> str:
    """*expression* of the clusters that are chosen, where the result of *query* tells them apart."""
    if not _tells_clusters_apart(query):
        return expression
    return f'({expression}) and on (cluster) group by (cluster) (up{{cluster=~"$cluster"}})'


def _counted(expression: str, query: str) -> str:
    """How often *expression* is true in the clusters that are chosen.

    They are told by the label itself: of a cluster that is gone as a whole there is no `up`, and it must count.
    """
    if _tells_clusters_apart(query):
        chosen = f'label_replace(\n{expression},\n"chosen", "yes", "cluster", "$cluster")'
        expression = f'{chosen} and on (chosen) label_replace(vector(1), "chosen", "yes", "", "")'
    return f"count({expression}) or vector(0)"


def _tells_clusters_apart(query: str) -> bool:
    names_of_result, _ = query_labels.labels(pq.parse(query))
    return names_of_result is not None and "cluster" in names_of_result


def _longest(expression: str) -> int:
    """The longest window that *expression* reads, in seconds."""
    return max((read_seconds(each) for each in _RANGE.findall(expression)), default=0)


def _words(name: str) -> str:
    """HighLatencyP95 → High latency P95."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+[0-9]*|[0-9]+", name)
    return " ".join(word if place == 0 or word.isupper() else word.lower() for place, word in enumerate(words))


def _description(alerts: tuple[ThresholdAlert, ...]) -> str:
    """What the alert says of itself, when it fires, and what to do then."""
    alert = alerts[0]
    said = threshold_check.LABEL_TEMPLATE.sub(r"‹\1›", alert.description).strip()
    if len(alerts) > 1:
        said = re.sub(rf"\b{re.escape(alert.service)}\b", "the service", said)
    lasting = f" for {spell(alert.for_seconds)}" if alert.for_seconds else ""
    limit = _limit(alert)
    more = " It asks for more than this number: the runbook says what." if alert.only_if and limit else ""
    fires = f"The {alert.severity} {alert.name} fires {limit or 'when it is so'}{lasting}."
    return f"{said}\n\n{fires}{more} Then follow its runbook."


def _limit(alert: ThresholdAlert) -> str:
    if alert.above is not None:
        return f"above {_spelt(alert, promql.number(alert.above), promql.number(alert.above * 100))}"
    if alert.below is not None:
        return f"below {_spelt(alert, promql.number(alert.below), promql.number(alert.below * 100))}"
    return ""


def _spelt(alert: ThresholdAlert, plain: str, hundredfold: str) -> str:
    return f"{hundredfold} %" if alert.unit == "ratio" else f"{plain} {alert.unit.partition(' (')[0]}"
