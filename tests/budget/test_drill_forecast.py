"""budget/drill_forecast.py: when the pages of a drill come, by the generated rules, the real promtool and a history."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from budget import drill_forecast
from budget.answers import Series
from budget.drill_forecast import Forecast
from budget.drill_spec import Drill, Page
from budget.first_firing import NoForecast
from budget.rule_closure import NoRule
from slo.windows import HOUR, MINUTE
from tests.budget.drill_history import (
    BEGIN,
    CATALOG,
    NOW,
    REQUESTS,
    CannedServer,
    catalog,
    catalog_fails,
    drills,
    rules,
    series,
    steady,
)

HISTORY = drill_forecast.HISTORY_SECONDS
FAILING = catalog_fails()
"""Every request to the catalog fails."""
VISITS = {"job": "journeys", "instance": "journeys", "journey": "buy"}


def foretold(drill: Drill, server: CannedServer, **changed: Any) -> Forecast | None:
    """Of the drill's only page."""
    (found,) = drill_forecast.forecasts(drill, server, replace(rules(), **changed), now=NOW)
    return found


def seconds(drill: Drill, server: CannedServer) -> tuple[float, float]:
    """Until its rule fires, and what its route waits."""
    found = foretold(drill, server)
    assert found is not None
    return found.fires_seconds, found.wait_seconds


@pytest.fixture(scope="module")
def steady_seconds() -> float:
    """When every request of an evenly asked catalog fails."""
    return seconds(FAILING, catalog(10))[0]


def test_when_all_fail_the_page_comes_within_a_minute_or_so(steady_seconds: float) -> None:
    """14.4 times the budget of an hour: at 99.9 % that is 1.44 % of it, which full failure has spent after 52 s; the
    next evaluation sees it.
    """
    assert steady_seconds == 60


def test_somebody_is_told_when_the_route_has_waited() -> None:
    """15 s for a cause."""
    found = foretold(FAILING, catalog(10))
    assert found is not None
    assert (found.page, found.wait_seconds) == (FAILING.pages[0], 15.0)
    assert found.expected_seconds == 60 + 15


def test_a_turn_that_the_drill_makes_the_rules_miss_is_added(steady_seconds: float) -> None:
    """`later`: while Prometheus starts again nothing is evaluated."""
    drill = replace(FAILING, pages=(replace(FAILING.pages[0], later_seconds=30),))
    assert seconds(drill, catalog(10))[0] == steady_seconds + 30


def test_when_half_of_them_fail_it_takes_twice_as_long() -> None:
    """Within an evaluation."""
    assert seconds(catalog_fails(0.5), catalog(10))[0] == pytest.approx(2 * 52, abs=30)


def test_what_was_burnt_before_makes_it_sooner(steady_seconds: float) -> None:
    """An incident of two minutes, half an hour ago: it has stopped firing, and the hour's limit is nearer."""
    end = HISTORY - HOUR / 2

    def failed(at: float) -> float:
        return 10 * 0.25 * max(0.0, min(at, end) - (end - 2 * MINUTE))

    assert seconds(FAILING, catalog(10, failed=failed))[0] < steady_seconds


def test_a_rate_that_falls_makes_it_later(steady_seconds: float) -> None:
    """Where ten times as many came until half an hour ago, as many failures are a smaller share of the hour."""
    fell = HISTORY - HOUR / 2

    def asked(at: float) -> float:
        return 100 * min(at, fell) + 10 * max(0.0, at - fell)

    server = CannedServer(series(REQUESTS, CATALOG, asked))
    assert seconds(FAILING, server)[0] > 2 * steady_seconds


@pytest.mark.parametrize(
    "server",
    [pytest.param(catalog(0), id="nobody comes"), pytest.param(CannedServer(), id="there is not even a series")],
)
def test_without_traffic_nobody_is_paged(server: CannedServer) -> None:
    """Not within the time that is looked at."""
    assert foretold(FAILING, server) is None


def test_what_does_nothing_pages_nobody() -> None:
    """A drill whose effects touch other series."""
    assert foretold(replace(FAILING, effects=()), catalog(10)) is None


def test_a_purchase_a_minute_takes_five_failures() -> None:
    """Of 99.5 %: the fifth failed visit of the hour decides, and the growth is spread evenly over the minute."""
    counted = (steady("journey_attempts_total", {**VISITS, "outcome": "passed"}, 1 / 60),)
    silent = (steady("journey_attempts_total", {**VISITS, "outcome": outcome}, 0.0) for outcome in ("slow", "failed"))
    fires, wait = seconds(drills()["timeout-after-charge"], CannedServer(*counted, *silent))
    assert 4 * MINUTE <= fires <= 5 * MINUTE + 30
    assert wait == 15


def _gone(busy: float) -> CannedServer:
    """A catalog that is asked as often as it was weeks ago at this time of day."""
    kpi = {"kpi": "request-rate", "service": "catalog"}
    return CannedServer(
        steady(REQUESTS, CATALOG, busy),
        series("kpi:baseline", kpi, lambda _: busy),
        series("kpi:baseline_weeks", kpi, lambda _: 3.0),
    )


def test_a_group_that_runs_seldom_is_given_a_turn_of_its_own() -> None:
    """The rules of KPIs run every two minutes: promtool evaluates them each half minute, and they may be as much later
    as their turn is longer.
    """
    drill = drills()["traffic-drop"]
    found = foretold(drill, _gone(5))
    assert found is not None
    often = tuple({**each, "interval": "30s"} for each in rules().groups)
    sooner = foretold(drill, _gone(5), groups=often)
    assert sooner is not None
    assert found.fires_seconds == sooner.fires_seconds + 90


def test_where_few_come_by_day_nobody_misses_them() -> None:
    """The drill says so itself: `when_busy`."""
    drill = drills()["traffic-drop"]
    assert drill.pages[0].when_busy
    assert foretold(drill, _gone(0.001)) is None


def test_a_gauge_that_shows_another_value_is_seen_at_once() -> None:
    """ServiceDown waits as long as its rule says, from the fault on."""
    server = CannedServer(series("up", {"job": "inventory", "instance": "inventory"}, lambda _: 1.0))
    fires, wait = seconds(drills()["inventory-down"], server)
    (rule,) = [
        rule
        for group in rules().groups
        for rule in group["rules"]
        if rule.get("alert") == "ServiceDown" and rule["labels"]["service"] == "inventory"
    ]
    assert rule["for"].endswith("m")
    waits = int(rule["for"].removesuffix("m")) * MINUTE
    assert waits < fires <= waits + 60
    assert wait == 15


# --- what cannot be foretold ------------------------------------------------------------------------------------------


def test_what_fires_already_is_no_forecast() -> None:
    """Nobody could tell the drill's page from the one before it."""
    everything = catalog(0, failed=lambda at: 10 * at)
    with pytest.raises(NoForecast, match=r"^CatalogAvailability fires already, before anything is broken$"):
        foretold(FAILING, everything)


def test_a_page_that_no_rule_makes_is_told() -> None:
    """With what was looked for."""
    drill = replace(FAILING, pages=(Page(alert="CatalogAvailability", service="catalog", slo="beauty"),))
    with pytest.raises(NoRule, match=r"^0 rules make the alert .*'slo': 'beauty'"):
        foretold(drill, catalog(10))


def test_a_page_that_no_route_leads_to_anybody_is_told() -> None:
    """It would be waited for in vain."""
    with pytest.raises(NoForecast, match=r"^CatalogAvailability: no route leads it to anybody$"):
        foretold(FAILING, catalog(10), routes={"route": {"receiver": "nobody"}})


@pytest.fixture
def promtool(tmp_path: Path) -> Callable[[str], Path]:
    """Makes a promtool that does what a shell's text says."""

    def make(text: str) -> Path:
        file = tmp_path / "promtool"
        file.write_text(f"#!/bin/sh\n{text}\n")
        file.chmod(0o700)
        return file

    return make


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("echo 'no such flag' >&2; exit 3", "^promtool: no such flag", id="it fails"),
        pytest.param("yes | head -c 5000; exit 1", r"^promtool: .{1,400}$", id="it says much"),
    ],
)
def test_a_promtool_that_fails_is_told(promtool: Callable[[str], Path], text: str, message: str) -> None:
    """With what it says, as far as that fits."""
    with pytest.raises(NoForecast, match=f"(?s){message}"):
        foretold(FAILING, catalog(10), promtool=promtool(text))


def test_a_promtool_that_is_not_there_is_told(tmp_path: Path) -> None:
    """As one that fails."""
    with pytest.raises(NoForecast, match=r"^promtool: .*No such file"):
        foretold(FAILING, catalog(10), promtool=tmp_path / "promtool")


def test_rules_that_the_real_one_does_not_take_are_told() -> None:
    """It says which."""
    alert = {
        "alert": "CatalogAvailability",
        "expr": "up == 0",
        "for": "soon",
        "labels": {"service": "catalog", "severity": "page", "slo": "availability"},
    }
    with pytest.raises(NoForecast, match=r"(?s)^promtool: .*soon"):
        foretold(FAILING, catalog(10), groups=({"name": "g", "rules": [alert]},))


# --- what is asked ----------------------------------------------------------------------------------------------------


def test_each_series_is_asked_for_once() -> None:
    """One that two selectors mean is one series; a second one would be refused by promtool."""
    found = list(drill_forecast._measured(_closure(), catalog(10), NOW))
    assert len(found) == 2


def test_the_history_ends_now() -> None:
    """The last sample is that of the moment of the fault, at the time from which promtool is asked."""
    last = Series(labels={"__name__": REQUESTS, **CATALOG}, points=((BEGIN, 1.0), (NOW, 2.0)))
    (found,) = drill_forecast._measured(_closure(), CannedServer(last), NOW)
    assert (found.past[0], found.past[-1]) == (1.0, 2.0)
    assert (len(found.past) - 1) * drill_forecast.STEP_SECONDS == drill_forecast.TIMES.begin


def _closure() -> Any:
    labels = {"service": "catalog", "severity": "page", "slo": "availability"}
    return drill_forecast.rule_closure.of(rules().groups, "CatalogAvailability", labels, horizon_seconds=HISTORY)
