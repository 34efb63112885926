"""The alert that an SLI has disappeared: without it, a service that is gone keeps its promise for ever."""

from __future__ import annotations

from alerts.burn_rate import route_labels
from slo import conventions as names
from slo.model import Events, pairs
from slo.rule import Alert
from slo.rule_context import BASE, SloRules


def absent(rules: SloRules, expr: str | None = None) -> Alert | None:
    """The alert; None where it is off or the SLO tells nobody anything.

    It goes where the page goes, or the ticket where there is no page. absent() knows none of the series' labels,
    so that the user's own are written out.

    Args:    expr: what must be there, where that is not this engine's own record.
    """
    slo, alerting = rules.slo, rules.slo.alerting
    if not alerting.enabled or not alerting.absent_after_seconds:
        return None
    severity, notice = (names.PAGE, alerting.page) if alerting.page.enabled else (names.TICKET, alerting.ticket)
    own = pairs(alerting.labels, notice.labels)
    title = f"({severity}) {slo.service} {slo.name}: the SLI has disappeared."
    summary = f"Nothing has measured {slo.service} {slo.name}: neither good nor bad events are seen."
    record = names.total_rate(BASE) if isinstance(slo.sli, Events) else names.sli_ratio(BASE)
    return Alert(
        names.absent_alert(alerting.name),
        f"absent({expr or rules.of(record)})",
        pairs(rules.labels, route_labels(slo, severity, own), ((names.SEVERITY, severity),), own),
        pairs(
            {"title": title, "summary": summary},
            tuple(p for p in pairs(alerting.annotations, notice.annotations) if p[0] not in ("title", "summary")),
        ),
        for_seconds=alerting.absent_after_seconds,
    )
