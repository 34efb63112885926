"""Turns the shape of the routing file into the model."""

from __future__ import annotations

from pathlib import Path

from slo.routing_model import DeadMansSwitch, Email, Escalation, Hours, Links, Routing, Team
from slo.routing_spec import RoutingShape


def routing(shape: RoutingShape, path: str) -> Routing:
    """The routing that the file at *path* declares, teams and hours by name."""
    email, escalation, switch, links = shape.email, shape.escalation, shape.dead_mans_switch, shape.links
    return Routing(
        teams=tuple(
            Team(name=name, description=team.description, hours=team.hours, slack=team.slack)
            for name, team in sorted(shape.teams.items())
        ),
        hours=tuple(
            Hours(
                name=name,
                time_zone=hours.time_zone,
                weekdays=tuple(hours.weekdays),
                times=tuple(hours.times),
                holidays=tuple(hours.holidays),
            )
            for name, hours in sorted(shape.hours.items())
        ),
        email=None
        if email is None
        else Email(to=email.to, sender=email.sender, smarthost=email.smarthost, username=email.username),
        escalation=None if escalation is None else Escalation(team=escalation.team, after_seconds=escalation.after),
        dead_mans_switch=None if switch is None else DeadMansSwitch(url=switch.url, every_seconds=switch.every),
        links=None
        if links is None
        else Links(
            runbook=links.runbook,
            dashboards=links.dashboards,
            folder=(Path(path).parent / links.folder).as_posix(),
        ),
        secrets=shape.secrets,
    )
