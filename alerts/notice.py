"""What people read of an alert: pieces of text that Alertmanager renders for PagerDuty, Slack and mail.

They use nothing that Alertmanager 0.25 lacks. Where a group holds several alerts the first one that fires speaks for
all, since annotations with numbers differ, and what is common to all would be nothing.
"""

from __future__ import annotations

from slo import conventions as names

SHOWN_ALERTS = 5
_HOUR_NANOSECONDS = 3600 * 10**9
BEFORE_NANOSECONDS, AFTER_NANOSECONDS = 3 * _HOUR_NANOSECONDS, _HOUR_NANOSECONDS
"""What a dashboard shows before and after the start of an alert."""


def of_first(text: str) -> str:
    """*text* about the first alert that fires, or of those that are over; `$` is the whole group."""
    return f"{{{{ with index (or .Alerts.Firing .Alerts) 0 }}}}{text}{{{{ end }}}}"


# An SLO's title names no number (it is sloth's, or the user's own), its description does. A threshold's summary does.
HEADLINE = of_first(
    "{{ if .Annotations.title }}{{ .Annotations.title }}{{ with .Annotations.description }} {{ . }}{{ end }}"
    "{{ else if .Annotations.summary }}{{ .Annotations.summary }}"
    "{{ else }}{{ .Labels.alertname }} fires, and says nothing more.{{ end }}"
    "{{ if gt (len $.Alerts.Firing) 1 }} ({{ len $.Alerts.Firing }} alerts fire){{ end }}"
)
SUMMARY = of_first("{{ .Annotations.summary }}")
WHY = of_first("{{ .Annotations.description }}")

_RUNBOOK = f"{{{{ .Annotations.{names.RUNBOOK_URL} }}}}"
_DASHBOARD = (
    f'{{{{ reReplaceAll "{names.DASHBOARD_RANGE}$" (printf "from=%d&to=%d"'
    f" (.StartsAt.Add -{BEFORE_NANOSECONDS}).UnixMilli (.StartsAt.Add {AFTER_NANOSECONDS}).UnixMilli)"
    f" .Annotations.{names.DASHBOARD_URL} }}}}"
)
RUNBOOK = of_first(_RUNBOOK)
QUERY = of_first("{{ .GeneratorURL }}")
DASHBOARD = of_first(f"{{{{ if .Annotations.{names.DASHBOARD_URL} }}}}{_DASHBOARD}{{{{ end }}}}")
"""The alert's dashboard at the alert's own time: whoever opens it in the morning sees the night."""


def _asked(label: str, behind: str) -> str:
    # Alertmanager's page of silences reads a plus sign as such, and takes quotes and braces in %-form alone.
    value = '{{ reReplaceAll "[+]" "%20" (urlquery (printf "%q" .)) }}'
    return f"{{{{ with .CommonLabels.{label} }}}}{label}%3D{value}{behind}{{{{ end }}}}"


SILENCE = (
    "{{ .ExternalURL }}/#/silences/new?filter=%7B"
    + "".join(_asked(label, "%2C") for label in ("cluster", "service", "slo"))
    + _asked("alertname", "")
    + "%7D"
)

FIRING = (
    "{{ range $number, $alert := .Alerts.Firing }}"
    f"{{{{ if lt $number {SHOWN_ALERTS} }}}}"
    "{{ range .Labels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}\n"
    "{{ end }}{{ end }}"
    f"{{{{ if gt (len .Alerts.Firing) {SHOWN_ALERTS} }}}}and more: {{{{ len .Alerts.Firing }}}} in all{{{{ end }}}}"
)
"""The labels of the first few: all of five hundred would be more than PagerDuty takes."""

SLACK_LINKS = (
    of_first(
        f"{{{{ if .Annotations.{names.RUNBOOK_URL} }}}}<{_RUNBOOK}|Runbook> · {{{{ end }}}}"
        f"{{{{ if .Annotations.{names.DASHBOARD_URL} }}}}<{_DASHBOARD}|Dashboard at that time> · {{{{ end }}}}"
    )
    + f"<{SILENCE}|Silence it>"
)
