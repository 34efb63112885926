"""The Alertmanager configuration: who gets what, built as data from the teams of the catalogue.

Routes and inhibitions read only the labels that every alert carries. Our burn-rate alerts keep a spec's own
`severity`, so for an alert with `sloth_severity` that label is matched instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from alerts import inhibitions
from slo import conventions as names
from slo.artifact import Artifact, header
from slo.model import Catalogue, Slo, Team

FOLDER = "alertmanager"
PAGERDUTY_URL = "https://events.pagerduty.com/v2/enqueue"
SECRETS = "/etc/alertmanager/secrets"
FALLBACK = "unrouted"
_GROUP_BY = ["cluster", "service", "slo", "alertname"]
_OWN_SEVERITY = (
    f'{{{{if eq (or .CommonLabels.{names.SEVERITY} .CommonLabels.severity) "{names.TICKET}"}}}}warning'
    "{{else}}critical{{end}}"
)
"""PagerDuty's severity where a receiver gets both: a ticket is a warning, anything else is critical."""


def build(catalogue: Catalogue, source: str) -> Iterator[Artifact]:
    """`alertmanager.yaml`. *source* is the routing file that people edit."""
    text = yaml.safe_dump(config(catalogue.teams, catalogue.slos), sort_keys=False, allow_unicode=True, width=110)
    yield Artifact(f"{FOLDER}/alertmanager.yaml", header(source) + text)


def config(teams: tuple[Team, ...], slos: tuple[Slo, ...] = ()) -> dict[str, Any]:
    """The whole configuration; whoever owns nothing known falls through to a receiver that people watch."""
    return {
        "global": {"pagerduty_url": PAGERDUTY_URL},
        "route": {
            "receiver": FALLBACK,
            "group_by": _GROUP_BY,
            "group_wait": "15s",
            "group_interval": "1m",
            "repeat_interval": "1h",
            "routes": [
                _severity_route(severity, label, teams)
                for severity in (names.PAGE, names.TICKET)
                for label in (f'{names.SEVERITY}="{severity}"', f'severity="{severity}"')
            ],
        },
        "inhibit_rules": inhibitions.build(slos),
        "receivers": [
            _receiver(FALLBACK, FALLBACK, _OWN_SEVERITY, "[UNROUTED] "),
            *(
                _receiver(f"{team.name}-{severity}", team.name, pagerduty, "")
                for team in teams
                for severity, pagerduty in ((names.PAGE, "critical"), (names.TICKET, "warning"))
            ),
        ],
    }


def _severity_route(severity: str, matcher: str, teams: tuple[Team, ...]) -> dict[str, Any]:
    own = matcher.startswith(names.SEVERITY)
    timers = {"group_wait": "15s", "group_interval": "1m", "repeat_interval": "1h"}
    if severity == names.TICKET:
        timers = {"group_wait": "5m", "group_interval": "30m", "repeat_interval": "1d"}
    return {
        "matchers": [matcher] if own else [matcher, f'{names.SEVERITY}=""'],
        **timers,
        "routes": [{"matchers": [f'team="{team.name}"'], "receiver": f"{team.name}-{severity}"} for team in teams],
    }


def _receiver(name: str, team: str, severity: str, prefix: str) -> dict[str, Any]:
    return {
        "name": name,
        "pagerduty_configs": [
            {
                "routing_key_file": f"{SECRETS}/{team}/routing_key",
                "severity": severity,
                "description": prefix + "{{ .CommonAnnotations.title }}",
                "class": "{{ .CommonLabels.alertname }}",
                "component": "{{ .CommonLabels.service }}",
                "group": "{{ .CommonLabels.slo }}",
                "details": {"summary": "{{ .CommonAnnotations.summary }}"},
            }
        ],
    }
