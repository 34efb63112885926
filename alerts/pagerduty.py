"""Events for PagerDuty (Events API v2): how bad, what, where, and what to open first.

Source: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
"""

from __future__ import annotations

from typing import Any

from alerts import notice
from slo import conventions as names

URL = "https://events.pagerduty.com/v2/enqueue"
SEVERITIES = {names.PAGE: "critical", names.TICKET: "warning", names.INFO_SEVERITY: "info"}
"""PagerDuty knows critical, error, warning and info; amtool accepts any word."""

OWN_SEVERITY = (
    f"{{{{ $own := or .CommonLabels.{names.SEVERITY} .CommonLabels.severity }}}}"
    f'{{{{ if eq $own "{names.TICKET}" }}}}{SEVERITIES[names.TICKET]}'
    f'{{{{ else if eq $own "{names.INFO_SEVERITY}" }}}}{SEVERITIES[names.INFO_SEVERITY]}'
    f"{{{{ else }}}}{SEVERITIES[names.PAGE]}{{{{ end }}}}"
)
"""Where a receiver gets both: a ticket is a warning, and what says nothing is critical."""

_TEXT = "\t"
"""Newer Alertmanagers read each detail as YAML, and make a mapping of a sentence with a colon; a tab starts no YAML."""


def config(key_file: str, severity: str, prefix: str = "") -> dict[str, Any]:
    """One entry of `pagerduty_configs`.

    Args:    key_file: path of the routing key. severity: one of PagerDuty's, or a template. prefix: of the headline.
    """
    return {
        "routing_key_file": key_file,
        "send_resolved": True,
        "severity": severity,
        "description": prefix + notice.HEADLINE,  # Alertmanager cuts it at PagerDuty's 1024 characters
        "class": "{{ .CommonLabels.alertname }}",
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ or .CommonLabels.slo .CommonLabels.alertname }}",
        "source": "{{ with .CommonLabels.cluster }}{{ . }}/{{ end }}"
        '{{ or .CommonLabels.instance .CommonLabels.service .CommonLabels.alertname "unknown" }}',
        "client": "Tillwatch",
        "client_url": notice.DASHBOARD,
        "links": [
            {"href": notice.RUNBOOK, "text": "Runbook"},
            {"href": notice.DASHBOARD, "text": "Dashboard at that time"},
            {"href": notice.SILENCE, "text": "Silence it"},
            {"href": notice.QUERY, "text": "Query in Prometheus"},
        ],
        # "firing" and "resolved" are names that Alertmanager fills in by itself: it would list every alert.
        "details": {
            "firing": _TEXT + notice.FIRING,
            "resolved": "{{ len .Alerts.Resolved }} alerts",
            "summary": _TEXT + notice.SUMMARY,
            "why": _TEXT + notice.WHY,
        },
    }
