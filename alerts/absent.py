"""The alert that an SLI has disappeared: without it, a service that is gone keeps its promise for ever."""

from __future__ import annotations

from alerts import links
from alerts.burn_rate import dashboard_variables, route_labels
from slo import conventions as names
from slo.model import Events, pairs
from slo.routing_model import Links
from slo.rule import Alert
from slo.rule_context import BASE, SloRules
from slo.windows import spell


def absent(rules: SloRules, expr: str | None = None, addresses: Links | None = None) -> Alert | None:
    """The alert; None where it is off or the SLO tells nobody anything.

    It goes where the page goes, or the ticket where there is no page. absent() knows none of the series' labels,
    so that the user's own are written out.

    Args:    expr: what must be there, where that is not this engine's own record.
             addresses: of runbooks and dashboards, if there are any.
    """
    slo, alerting = rules.slo, rules.slo.alerting
    if not alerting.enabled or not alerting.absent_after_seconds:
        return None
    severity, notice = (names.PAGE, alerting.page) if alerting.page.enabled else (names.TICKET, alerting.ticket)
    own = pairs(alerting.labels, notice.labels)
    title = f"({severity}) {slo.service} {slo.name}: the SLI has disappeared."
    summary = f"Nothing has measured {slo.service} {slo.name}: neither good nor bad events are seen."
    description = (
        f"No sample of its SLI for {spell(alerting.absent_after_seconds)}: the service, its metrics or their scrape is"
        " gone, and nobody sees the budget burn."
    )
    name = names.absent_alert(alerting.name)
    linked = links.linked(addresses, name, names.SLO_DASHBOARD, dashboard_variables(slo))
    record = names.total_rate(BASE) if isinstance(slo.sli, Events) else names.sli_ratio(BASE)
    return Alert(
        name,
        f"absent({expr or rules.of(record)})",
        pairs(rules.labels, route_labels(slo, severity, own), ((names.SEVERITY, severity),), own),
        pairs(
            {"title": title, "summary": summary, "description": description},
            linked,
            tuple(
                p
                for p in pairs(alerting.annotations, notice.annotations)
                if p[0] not in ("title", "summary", "description", names.RUNBOOK_URL)
            ),
        ),
        for_seconds=alerting.absent_after_seconds,
    )
