"""The Alertmanager configuration: who gets what, and when, built as data from the catalogue.

Routes and inhibitions read only the labels that every alert carries. Our burn-rate alerts keep a spec's own
`severity`, so for an alert with `sloth_severity` that label is matched instead.

PagerDuty's key of an incident is made of the matchers on the way to a route and the labels that it groups by: a
change of either loses the incidents that are open (alerts.orphans tells). Matchers therefore compare with one value
each: a new team or a new dependant leaves all other routes as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from alerts import inhibitions, pagerduty, receivers, time_intervals
from alerts.dependencies import MutedPage, muted_pages
from slo import conventions as names
from slo import promql
from slo.artifact import Artifact, header
from slo.catalogue import Catalogue
from slo.routing_model import Routing, Team
from slo.windows import spell

FOLDER = "alertmanager"
GROUP_BY = ["cluster", "service", "slo", "alertname"]
PAGE_TIMERS = {"group_wait": "15s", "group_interval": "1m", "repeat_interval": "1h"}
DEPENDANT_WAIT = "90s"
"""So long a cause has to be found: see alerts.dependencies.TOLD_SECONDS."""
TICKET_TIMERS = {"group_wait": "5m", "group_interval": "5m", "repeat_interval": "1d"}
"""What waited for working hours is sent within one group interval of their beginning."""

Route = dict[str, Any]


def build(catalogue: Catalogue, source: str) -> Iterator[Artifact]:
    """`alertmanager.yaml`. *source* is the routing file that people edit."""
    text = yaml.safe_dump(config(catalogue), sort_keys=False, allow_unicode=True, width=110)
    yield Artifact(f"{FOLDER}/alertmanager.yaml", header(source) + text)


def config(catalogue: Catalogue) -> dict[str, Any]:
    """The whole configuration; whoever owns nothing known falls through to a receiver that people watch."""
    routing = catalogue.routing or Routing()
    muted = muted_pages(catalogue)
    scraped = any(alert.name == names.SERVICE_DOWN for alert in catalogue.alerts)
    intervals = time_intervals.build(routing)
    return {
        "global": {"pagerduty_url": pagerduty.URL},
        "route": {
            "receiver": receivers.FALLBACK,
            "group_by": GROUP_BY,
            **PAGE_TIMERS,
            "routes": [_watchdog(routing), *_pages(routing, muted), *_tickets(routing), _infos()],
        },
        **({"time_intervals": intervals} if intervals else {}),
        "inhibit_rules": inhibitions.build(catalogue.slos, muted, scraped=scraped),
        "receivers": receivers.build(routing),
    }


def _watchdog(routing: Routing) -> Route:
    """It always fires: whoever is outside misses it when we are silent."""
    route = {"matchers": [f'alertname="{inhibitions.WATCHDOG}"']}
    if routing.dead_mans_switch is None:
        return {**route, "receiver": receivers.NOBODY}
    # A notice is due when the repeat interval is over at a flush; shorter than the whole by one flush, it never slips.
    every = routing.dead_mans_switch.every_seconds
    flush = max(1, every // 5)
    timers = {"group_wait": "0s", "group_interval": spell(flush), "repeat_interval": spell(max(1, every - flush))}
    return {**route, "receiver": receivers.SWITCH, **timers}


def _pages(routing: Routing, muted: tuple[MutedPage, ...]) -> Iterator[Route]:
    known = {team.name for team in routing.teams}
    for matchers, held in zip(_severity(names.PAGE), (muted, ()), strict=True):
        routes = [
            *_escalation(routing),
            *(_team_pages(team, held) for team in routing.teams),
            *_dependants(page for page in held if page.team not in known),
            {"receiver": receivers.FALLBACK},  # the escalation has matched: no page would fall through to the root
        ]
        yield {"matchers": matchers, **PAGE_TIMERS, "routes": routes}


def _escalation(routing: Routing) -> Iterator[Route]:
    """Told as well. A group waits from the start of its first alert on, and what is over by then is not sent."""
    if routing.escalation is not None:
        yield {
            "matchers": ['team!=""', f"team!={promql.quote(routing.escalation.team)}"],
            "receiver": receivers.ESCALATION,
            "group_wait": spell(routing.escalation.after_seconds),
            "continue": True,
        }


def _team_pages(team: Team, held: Iterable[MutedPage]) -> Route:
    dependants = _dependants(page for page in held if page.team == team.name)
    route = {"matchers": [f"team={promql.quote(team.name)}"], "receiver": receivers.of(team, names.PAGE)}
    return {**route, "routes": dependants} if dependants else route


def _dependants(pages: Iterable[MutedPage]) -> list[Route]:
    """Pages that a dependency can hold back wait until it has had the time to."""
    both = dict.fromkeys((page.service, page.name) for page in pages)
    return [
        {
            "matchers": [f"service={promql.quote(service)}", f"slo={promql.quote(name)}"],
            "group_wait": DEPENDANT_WAIT,
        }
        for service, name in both
    ]


def _tickets(routing: Routing) -> Iterator[Route]:
    for matchers in _severity(names.TICKET):
        routes = [_ticket(team, routing) for team in routing.teams]
        yield {"matchers": matchers, **TICKET_TIMERS, **({"routes": routes} if routes else {})}


def _ticket(team: Team, routing: Routing) -> Route:
    return {
        "matchers": [f"team={promql.quote(team.name)}"],
        "receiver": receivers.of(team, names.TICKET),
        **time_intervals.of(team, routing),
    }


def _infos() -> Route:
    return {
        "matchers": [f'severity="{names.INFO_SEVERITY}"', f'{names.SEVERITY}=""'],
        "receiver": receivers.NOBODY,
    }


def _severity(severity: str) -> tuple[list[str], list[str]]:
    """Matchers of an SLO's alerts, and of all others."""
    return [f'{names.SEVERITY}="{severity}"'], [f'severity="{severity}"', f'{names.SEVERITY}=""']
