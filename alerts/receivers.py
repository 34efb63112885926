"""Who can be told: the receivers of the Alertmanager configuration. Every secret is a file where Alertmanager runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from alerts import notice, pagerduty
from slo import conventions as names
from slo import key_files
from slo.routing_model import DeadMansSwitch, Email, Routing, Team
from slo.windows import spell

FALLBACK = key_files.UNROUTED
NOBODY = "nobody"
ESCALATION = "escalation"
SWITCH = "dead-mans-switch"
UNROUTED_PREFIX = "[UNROUTED] "


def build(routing: Routing) -> list[dict[str, Any]]:
    """Every receiver that the routes name."""
    return [_fallback(routing), {"name": NOBODY}, *_switch(routing), *_escalation(routing), *_of_teams(routing)]


def of(team: Team, severity: str) -> str:
    """The receiver of a team's pages or tickets."""
    return f"{team.name}-{severity}"


def _fallback(routing: Routing) -> dict[str, Any]:
    """People who look at what nobody owns: it is told as loudly as a page."""
    receiver = {
        "name": FALLBACK,
        "pagerduty_configs": [pagerduty.config(_key(routing, FALLBACK), pagerduty.OWN_SEVERITY, UNROUTED_PREFIX)],
    }
    return receiver if routing.email is None else {**receiver, "email_configs": [_mail(routing, routing.email)]}


def _switch(routing: Routing) -> Iterator[dict[str, Any]]:
    if routing.dead_mans_switch is not None:
        yield {"name": SWITCH, "webhook_configs": [_sign_of_life(routing, routing.dead_mans_switch)]}


def _escalation(routing: Routing) -> Iterator[dict[str, Any]]:
    escalation = routing.escalation
    if escalation is not None:
        prefix = f"[FOR {spell(escalation.after_seconds)}] "
        critical = pagerduty.SEVERITIES[names.PAGE]
        yield {
            "name": ESCALATION,
            "pagerduty_configs": [pagerduty.config(_key(routing, escalation.team), critical, prefix)],
        }


def _of_teams(routing: Routing) -> Iterator[dict[str, Any]]:
    for team in routing.teams:
        key = _key(routing, team.name)
        page, ticket = (pagerduty.config(key, pagerduty.SEVERITIES[each]) for each in (names.PAGE, names.TICKET))
        yield {"name": of(team, names.PAGE), "pagerduty_configs": [page]}
        yield {
            "name": of(team, names.TICKET),
            **({"slack_configs": [_slack(routing, team)]} if team.slack else {"pagerduty_configs": [ticket]}),
        }


def _slack(routing: Routing, team: Team) -> dict[str, Any]:
    return {
        "api_url_file": f"{routing.secrets}/{team.name}/{key_files.SLACK_URL}",
        "channel": team.slack,
        "send_resolved": True,
        "color": '{{ if eq .Status "firing" }}warning{{ else }}good{{ end }}',
        "title": '{{ if eq .Status "resolved" }}Over: {{ end }}' + notice.HEADLINE,
        "title_link": notice.DASHBOARD,
        "fallback": notice.HEADLINE,
        "text": f"{notice.WHY}\n{notice.FIRING}{notice.SLACK_LINKS}",
    }


def _mail(routing: Routing, email: Email) -> dict[str, Any]:
    return {
        "to": email.to,
        "from": email.sender,
        "smarthost": email.smarthost,
        "auth_username": email.username,
        "auth_password_file": f"{routing.secrets}/{key_files.MAIL_PASSWORD}",
        "send_resolved": True,
        "headers": {"Subject": UNROUTED_PREFIX + '{{ if eq .Status "resolved" }}Over: {{ end }}' + notice.HEADLINE},
        "html": "",
        "text": f"{notice.WHY}\n\n{notice.FIRING}\n{notice.RUNBOOK}\n{notice.DASHBOARD}\n{notice.QUERY}\n",
    }


def _sign_of_life(routing: Routing, switch: DeadMansSwitch) -> dict[str, Any]:
    token = {"type": "Bearer", "credentials_file": f"{routing.secrets}/{key_files.SWITCH_TOKEN}"}
    return {
        "url": switch.url,  # in the text, for Alertmanager 0.25 refuses url_file; what is secret is the token
        "send_resolved": False,
        "max_alerts": 1,
        "http_config": {"authorization": token},
    }


def _key(routing: Routing, owner: str) -> str:
    return f"{routing.secrets}/{owner}/{key_files.ROUTING_KEY}"
