"""Where somebody who was woken begins: who needs them, what burns, what changed, and whether the alarms work."""

from __future__ import annotations

from collections import defaultdict

from dashboards import alert_panels, causes, links, shop_series, variables
from dashboards.model import GREEN, ORANGE, RED, YELLOW, Column, Dashboard, Limit, Meaning, Panel, Query, Row
from dashboards.slo_overview import LEFT, SPENT, TAG, burn_limits
from slo import conventions as names
from slo.catalogue import Catalogue

UID = "tw-oncall"
MOST_QUERIES = 25
"""What a page may cost that everybody opens at once when it burns."""
MOST_SECONDS = 60
"""The longest window that this page reads for each point of a line of an alert's number."""
_CLUSTER = 'cluster=~"$cluster"'
_KEYS = "alertname, severity, service, slo, team, cluster"


def build(catalogue: Catalogue) -> Dashboard:
    """The landing page of on-call."""
    return Dashboard(
        uid=UID,
        title="On-call",
        description="Who needs you, what burns, what changed, and whether the alarms work.",
        rows=(
            Row(
                title="Who needs you",
                panels=(*_counts(), _firing(catalogue, names.PAGE), _firing(catalogue, names.TICKET), _first()),
            ),
            Row(title="What burns", panels=_burning(catalogue)),
            Row(title="What changed", panels=_changes()),
            Row(title="Do the alarms work?", panels=_alarms(catalogue)),
        ),
        variables=(*shop_series.places("up", ("cluster",)), variables.SILENCES),
        annotations=shop_series.drawn(catalogue),
        tags=(TAG, "on-call"),
    )


def _counts() -> tuple[Panel, ...]:
    def count(title: str, expression: str, description: str, limit: Limit, base: str = GREEN) -> Panel:
        return Panel(
            kind="stat",
            title=title,
            description=description,
            unit="short",
            queries=(Query(expression=expression, instant=True),),
            base=base,
            limits=(limit,),
            decimals=0,
            width=4,
            height=4,
        )

    firing = f'ALERTS{{alertstate="firing",{_CLUSTER},severity="%s"}}'
    return (
        count(
            "Pages",
            f"count({firing % names.PAGE}) or vector(0)",
            "Pages that fire now. Take the first of the list below, acknowledge it, follow its runbook.",
            Limit(value=1, colour=RED),
        ),
        count(
            "Tickets",
            f"count({firing % names.TICKET}) or vector(0)",
            "Tickets that fire now: for working hours, and often the reason for a page to come.",
            Limit(value=1, colour=YELLOW),
        ),
        count(
            "Watchdog",
            f'count(ALERTS{{alertname="Watchdog",alertstate="firing",{_CLUSTER}}}) or vector(0)',
            "Always fires, one a Prometheus and cluster. 0: rules are not evaluated, and nobody would be told of"
            " anything: look at Prometheus first.",
            Limit(value=1, colour=GREEN),
            RED,
        ),
        count(
            "Alertmanagers",
            'sum(up{job="alertmanager"}) or vector(0)',
            "Alertmanagers that answer. One of two suffices; with none no page leaves the house.",
            Limit(value=1, colour=GREEN),
            RED,
        ),
        count(
            "Injected faults",
            f"count(shop_fault_active{{{_CLUSTER}}} == 1) or vector(0)",
            "Faults that a drill holds open. Not 0: what burns may be an exercise; ask who leads it.",
            Limit(value=1, colour=ORANGE),
        ),
        count(
            "Budgets spent",
            f"count(max by ({names.ID}) ({names.BUDGET_REMAINING}{{{_CLUSTER}}}) <= 0) or vector(0)",
            "Promises without budget left: what can wait should not be deployed.",
            Limit(value=1, colour=SPENT),
        ),
    )


def _firing(catalogue: Catalogue, severity: str) -> Panel:
    firing = f'max by ({_KEYS}) (ALERTS{{alertstate="firing",{_CLUSTER},severity="{severity}"}})'
    lasting = f'(time() - max by ({_KEYS}) (ALERTS_FOR_STATE{{{_CLUSTER},severity="{severity}"}}))'
    alert, service = links.field("alertname"), links.field("service")
    opened = links.dashboard(
        links.field("dashboard"),
        "Dashboard",
        {"service": service, "slo": links.field("slo")},
        kept=("datasource", "cluster"),
    )
    return Panel(
        kind="table",
        title="Pages that fire" if severity == names.PAGE else "Tickets that fire",
        description="The longest first. Click an alert for its runbook, its dashboard or a silence. Several at once:"
        " the one that began first, and whose service the others depend on, is most often the cause.",
        unit="short",
        queries=(Query(expression=_with_dashboard(catalogue, f"{lasting} and on ({_KEYS}) {firing}"), instant=True),),
        columns=(
            Column(
                source="alertname",
                title="Alert",
                links=(*links.runbook(catalogue, alert), opened, links.silence(alert, service)),
            ),
            Column(source="service", title="Service"),
            Column(source="slo", title="SLO"),
            Column(source="team", title="Team"),
            Column(source="cluster", title="Cluster"),
            Column(source="A", title="Since", unit="s", decimals=0),
            # The link reads this field; people read where it leads.
            Column(source="dashboard", title="Dashboard", links=(opened,)),
        ),
        sort_by="Since",
        descending=True,
        no_value="Nothing fires",
        width=10,
        height=8,
    )


def _with_dashboard(catalogue: Catalogue, expression: str) -> str:
    """*expression* with a label `dashboard`: where each alert is shown, which its labels do not tell."""
    shown: dict[str, list[str]] = defaultdict(list)
    for alert in catalogue.alerts:
        shown[alert.dashboard].append(alert.name)
    for spec in catalogue.specs:
        for kpi in spec.kpis:
            if kpi.alert is not None:
                shown[kpi.alert.dashboard] += names.kpi_alerts(
                    kpi.alert.name, kpi.alert.deviation is not None, kpi.alert.limited
                )
    expression = f'label_replace({expression}, "dashboard", "{names.SLO_DASHBOARD}", "", "")'
    for uid, alerts in sorted(shown.items()):
        pattern = "|".join(dict.fromkeys(sorted(alerts)))
        expression = f'label_replace({expression}, "dashboard", "{uid}", "alertname", "{pattern}")'
    return expression


def _burning(catalogue: Catalogue) -> tuple[Panel, ...]:
    keys = f"{names.SERVICE}, {names.SLO}"
    burn = f"max by ({keys}) ({names.CURRENT_BURN_RATE}{{{_CLUSTER}}})"
    left = f"min by ({keys}) ({names.BUDGET_REMAINING}{{{_CLUSTER}}})"
    detail = links.dashboard(
        names.SLO_DASHBOARD,
        "SLO detail",
        {"service": links.field(names.SERVICE), "slo": links.field(names.SLO)},
        kept=("datasource", "cluster"),
    )
    deviation = f'max by (service) ({names.KPI_DEVIATION}{{{names.KPI}="request-rate",{_CLUSTER}}})'
    unusual = alert_panels.both_ways(catalogue, "RequestRateDeviation")
    return (
        Panel(
            kind="table",
            title="Promises that burn fastest",
            description="Burn rate of the last five minutes, and what is left of the window. Click a service for its"
            " detail. Several services at once: look at what they depend on.",
            unit="short",
            queries=(
                Query(expression=f"topk(10, {burn})", instant=True),
                Query(expression=f"{left} and on ({keys}) topk(10, {burn})", instant=True),
            ),
            columns=(
                Column(source=names.SERVICE, title="Service", links=(detail,)),
                Column(source=names.SLO, title="SLO", links=(detail,)),
                Column(source="A", title="Burn rate", unit="suffix:×", decimals=1, limits=burn_limits(catalogue)),
                Column(source="B", title="Budget left", unit="percentunit", decimals=1, base=SPENT, limits=LEFT),
            ),
            sort_by="Burn rate",
            descending=True,
            width=8,
        ),
        Panel(
            kind="timeseries",
            title="Failed requests, by service",
            description="Share of bad events of each availability promise over five minutes. A step at a deploy: roll"
            " back. Several lines together: what they share.",
            unit="percentunit",
            queries=(
                Query(
                    expression=f"max by ({names.SERVICE})"
                    f' ({names.sli_ratio("5m")}{{{names.SLO}="{names.AVAILABILITY}",{_CLUSTER}}})',
                    legend=f"{{{{{names.SERVICE}}}}}",
                ),
            ),
            base=alert_panels.bounds(catalogue, "HighErrorRate").base,
            limits=alert_panels.bounds(catalogue, "HighErrorRate").limits,
            lowest=0,
            width=8,
        ),
        Panel(
            kind="timeseries",
            title="Requests against what is usual",
            description="0 is what is usual at this hour; -1 is nothing at all: an outage before the service that no"
            " error shows. Below the lower line: shoppers do not reach it; above the upper: a success, or an attack.",
            unit="percentunit",
            queries=(Query(expression=deviation, legend="{{service}}"),),
            base=unusual.base,
            limits=unusual.limits,
            width=8,
        ),
    )


def _first() -> Panel:
    """What to do first, for somebody who has just been woken."""
    return Panel(
        kind="text",
        title="First",
        description="The order in which to look, always the same. When it is wrong, mend it in the code of this page.",
        unit="short",
        text="""\
1. **Acknowledge** the page, so that others sleep.
2. Open the **runbook** of the alert that began first (click it).
3. *What burns*: one service, or what several depend on?
4. *What changed*: a deploy just before? **Roll it back**, then look for the cause.
5. A drill? *Injected faults* says so.
6. Not alone: escalate after half an hour.
""",
        width=4,
        height=8,
    )


def _alarms(catalogue: Catalogue) -> tuple[Panel, ...]:
    """As they are now: a line of the failures of each rule would read every rule's counter for each of its points."""
    return alert_panels.of_dashboard(catalogue, UID, most_seconds=MOST_SECONDS)


def _changes() -> tuple[Panel, ...]:
    return (
        causes.deploys(_CLUSTER),
        Panel(
            kind="state_timeline",
            title="Faults that were injected",
            description="When a drill held a fault open; annotations name it. What burns within is meant to.",
            unit="short",
            queries=(Query(expression=f"max by (job) (shop_fault_active{{{_CLUSTER}}})", legend="{{job}}"),),
            meanings=(
                Meaning(value=0, text="none", colour="transparent"),
                Meaning(value=1, text="injected", colour=ORANGE),
            ),
            width=16,
        ),
    )
