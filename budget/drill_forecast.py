"""When the alerts of a drill must fire: the generated rules over the history as it is and the drill's effects.

promtool evaluates them (`promtool test rules`), nothing of PromQL is our own. What is left of error: evaluations are
at whole half minutes after the fault, where a running Prometheus has its own beat, so that it may be so much later;
groups that run less often are given one of their turns; what comes by chance comes evenly here; a record or a range
that looks back further than `HISTORY_SECONDS` is held at what it is, or not known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from budget import alert_route, drill_course, promtool_values, rule_closure
from budget.drill_course import Course
from budget.drill_spec import Drill, Page
from budget.first_firing import EVALUATION_SECONDS, NoForecast, Times, first_firing
from budget.prometheus import Prometheus
from budget.rule_closure import Closure
from slo.windows import HOUR, MINUTE

HISTORY_SECONDS = 7 * HOUR
"""Longer than the longest window of a page."""
STEP_SECONDS = 15
AHEAD_SECONDS = 20 * MINUTE
TIMES = Times(begin=HISTORY_SECONDS, end=HISTORY_SECONDS + AHEAD_SECONDS, step=STEP_SECONDS)
PEOPLE = "-(page|ticket)$|^unrouted$"
"""Names of receivers that reach somebody at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What is generated, and what evaluates it. groups: of all rule files. routes: Alertmanager's configuration."""

    groups: tuple[Mapping[str, Any], ...]
    routes: Mapping[str, Any]
    promtool: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """fires_seconds: after the fault, the rule must have fired. wait_seconds: its route's group_wait."""

    page: Page
    fires_seconds: float
    wait_seconds: float

    @property
    def expected_seconds(self) -> float:
        """After the fault, somebody must be told."""
        return self.fires_seconds + self.wait_seconds


def read_rules(generated: Path, promtool: Path) -> Rules:
    """What is in the folder *generated*.

    Raises:  OSError: something is not there.
    """
    groups: list[Mapping[str, Any]] = []
    for file in sorted((generated / "prometheus" / "rules").glob("*.yaml")):
        groups += yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)["groups"]  # the safe one, in C
    routes = yaml.safe_load((generated / "alertmanager" / "alertmanager.yaml").read_bytes())
    return Rules(groups=tuple(groups), routes=routes, promtool=promtool)


def forecasts(
    drill: Drill, server: Prometheus, rules: Rules, *, now: float, shoppers: float = 1.0
) -> tuple[Forecast | None, ...]:
    """One for each of *drill*'s pages, in their order, if it began *now*; None: not within `AHEAD_SECONDS`.

    Args:    shoppers: so many times as many as of late come from now on.
    Raises:  NoForecast: also for an alert that fires already.  rule_closure.NoRule, Unreachable, QueryFailed.
    """
    return tuple(_forecast(page, drill, server, rules, now, shoppers) for page in drill.pages)


def _forecast(
    page: Page, drill: Drill, server: Prometheus, rules: Rules, now: float, shoppers: float
) -> Forecast | None:
    labels = {"service": page.service, "severity": page.severity} | ({"slo": page.slo} if page.slo else {})
    closure = rule_closure.of(rules.groups, page.alert, labels, horizon_seconds=HISTORY_SECONDS)
    measured = (drill_course.busier(each, shoppers) for each in _measured(closure, server, now))
    courses = drill_course.under(measured, drill.effects)
    fires = first_firing(
        {"alertname": page.alert, **labels}, closure.groups, map(_spelled, courses), rules.promtool, TIMES
    )
    if fires is None:
        return None
    if fires == 0:
        raise NoForecast(f"{page.alert} fires already, before anything is broken")
    wait = alert_route.wait_seconds(rules.routes, {**closure.labels, "alertname": page.alert}, receiver=PEOPLE)
    if wait is None:
        raise NoForecast(f"{page.alert}: no route leads it to anybody")
    turn = max(0.0, closure.interval_seconds - EVALUATION_SECONDS)
    return Forecast(page=page, fires_seconds=fires + turn + page.later_seconds, wait_seconds=wait)


def _measured(closure: Closure, server: Prometheus, now: float) -> Iterator[Course]:
    """Every series that the alert is made of, each once."""
    begin, seen = now - HISTORY_SECONDS, set()
    for selector in closure.read:
        for series in server.range(str(selector), start=begin, end=now, step_seconds=STEP_SECONDS):
            key = tuple(sorted(series.labels.items()))
            if key not in seen:
                seen.add(key)
                # promtool's time begins at 0.
                past = promtool_values.on_grid(series, begin, seconds=HISTORY_SECONDS, step_seconds=STEP_SECONDS)
                yield drill_course.measured(series.labels, past, step_seconds=STEP_SECONDS)


def _spelled(course: Course) -> tuple[str, str]:
    ahead = AHEAD_SECONDS + MINUTE
    return (
        promtool_values.spelled(course.labels),
        promtool_values.values(course, step_seconds=STEP_SECONDS, ahead_seconds=ahead),
    )
