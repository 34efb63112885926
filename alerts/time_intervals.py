"""Working hours and holidays as Alertmanager's time intervals."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from slo.routing_model import HOLIDAYS, Hours, Routing, Team


def build(routing: Routing) -> list[dict[str, Any]]:
    """For each of the hours an interval of that name, and one of its holidays, where it has any."""
    return [
        interval
        for hours in routing.hours
        for interval in (_working(hours), *([_holidays(hours)] if hours.holidays else []))
    ]


def of(team: Team, routing: Routing) -> dict[str, Any]:
    """What a route of *team*'s tickets says. Alertmanager's routes inherit none of it: it belongs on every leaf."""
    if not team.hours:
        return {}
    hours = next(hours for hours in routing.hours if hours.name == team.hours)
    active = {"active_time_intervals": [hours.name]}
    return {**active, "mute_time_intervals": [_free(hours)]} if hours.holidays else active


def _free(hours: Hours) -> str:
    return f"{hours.name}{HOLIDAYS}"


def _working(hours: Hours) -> dict[str, Any]:
    times = [{"start_time": start, "end_time": end} for start, end in hours.times]
    return {
        "name": hours.name,
        "time_intervals": [{"weekdays": list(hours.weekdays), "times": times, "location": hours.time_zone}],
    }


def _holidays(hours: Hours) -> dict[str, Any]:
    months = groupby(sorted(hours.holidays), key=lambda day: (day.year, day.month))
    return {
        "name": _free(hours),
        "time_intervals": [
            {
                "years": [str(year)],
                "months": [str(month)],
                "days_of_month": [str(day.day) for day in days],
                "location": hours.time_zone,
            }
            for (year, month), days in months
        ],
    }
