"""Says in on-call's words what a change of the routing file does: who is told where, when, and after how long."""

from __future__ import annotations

from collections.abc import Iterator

from slo.catalogue import Catalogue
from slo.model import Spec
from slo.routing_model import Hours, Routing, Team
from slo.windows import spell

Effects = tuple[str, tuple[str, ...]]
"""Whom a change is about, and what it does."""


def compare(old: Catalogue, new: Catalogue) -> Iterator[Effects]:
    """What changes for teams that stay, for the whole, and along `depends_on`."""
    before, after = old.routing or Routing(), new.routing or Routing()
    for team in after.teams:
        was = next((one for one in before.teams if one.name == team.name), None)
        if was is not None and (effects := tuple(_team(was, team, before, after))):
            yield f"team {team.name}", effects
    if effects := tuple(_whole(before, after)):
        yield "routing", effects
    yield from _dependencies(old, new)


def _team(old: Team, new: Team, before: Routing, after: Routing) -> Iterator[str]:
    if old.slack != new.slack:
        yield f"its tickets go to {new.slack or 'PagerDuty'} instead of {old.slack or 'PagerDuty'}"
    was, now = _spelled(old, before), _spelled(new, after)
    if was != now:
        yield f"its tickets are told {now}, and were {was}"


def _whole(old: Routing, new: Routing) -> Iterator[str]:
    for name, was, now in (
        ("a page that goes on is told", _escalation(old), _escalation(new)),
        ("what nobody owns is mailed", old.email.to if old.email else "", new.email.to if new.email else ""),
        ("the sign of life goes", _switch(old), _switch(new)),
    ):
        if was != now:
            yield f"{name} to {now or 'nobody else'}; it was to {was or 'nobody else'}"
    if old.secrets != new.secrets:
        yield f"Alertmanager looks for its keys in {new.secrets} instead of {old.secrets}"


def _dependencies(old: Catalogue, new: Catalogue) -> Iterator[Effects]:
    before: dict[str, Spec] = {spec.service: spec for spec in old.specs}
    for spec in new.specs:
        was = before.get(spec.service)
        if was is None:
            continue
        come, gone = ([*dict.fromkeys(one)] for one in (_less(spec, was), _less(was, spec)))
        effects = [f"its pages may be held back while {service} is down" for service in come]
        effects += [f"its pages are told also while {service} is down" for service in gone]
        if effects:
            yield f"service {spec.service}", tuple(effects)


def _less(one: Spec, other: Spec) -> list[str]:
    return [service for service in one.depends_on if service not in other.depends_on]


def _spelled(team: Team, routing: Routing) -> str:
    hours = next((hours for hours in routing.hours if hours.name == team.hours), None)
    return _of(hours) if hours is not None else "at any hour"


def _of(hours: Hours) -> str:
    times = " and ".join(f"{start}-{end}" for start, end in hours.times)
    days = len(hours.holidays)
    free = f", but on {days} holiday{'s' if days > 1 else ''}" if days else ""
    return f"{' and '.join(hours.weekdays)} {times} in {hours.time_zone}{free}"


def _escalation(routing: Routing) -> str:
    found = routing.escalation
    return f"{found.team} after {spell(found.after_seconds)}" if found else ""


def _switch(routing: Routing) -> str:
    found = routing.dead_mans_switch
    return f"{found.url} every {spell(found.every_seconds)}" if found else ""
