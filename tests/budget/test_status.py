"""Canned readings in, statuses out."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from budget.readings import HOUR_EVENTS, HOUR_RATIO, NEWEST, OLDEST, Readings
from budget.status import statuses
from slo import conventions
from tests.budget.canned import DAY, FIGURES, NOW, UP, group, only, readings, sample

PAGE = {"alertname": "ShopUp", "alertstate": "firing", conventions.SEVERITY: "page"}
ABSENT = {**PAGE, "alertname": conventions.absent_alert("ShopUp")}


def test_figures_are_put_together() -> None:
    """Each record's value is at its place; the period's SLI comes from its burn rate and the objective."""
    status = only(readings())
    assert (status.id, status.service, status.slo) == ("shop-up", "shop", "up")
    assert (status.objective, status.period_days, status.burn_rate) == (0.999, 30, 2.5)
    assert status.sli == pytest.approx(1 - 0.25 * 0.001)
    assert (status.budget_remaining, status.events_remaining) == (0.75, 1234.5)
    assert (status.alert, status.states, status.is_healthy) == ("ok", (), True)


def test_no_series_and_no_rules_are_no_rows() -> None:
    """Another Prometheus has nothing for us."""
    assert statuses(Readings(records={})) == ()


def test_loaded_rules_without_series_are_no_data() -> None:
    """An SLO shows from the moment its rules are loaded."""
    status = only(Readings(records={}, groups=(group(UP, {}, {"severity": "page"}),), at=NOW))
    assert (status.alert, status.states, status.is_healthy) == ("no data", ("no data",), False)
    assert {status.objective, status.sli, status.burn_rate, status.budget_remaining} == {None}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_figures_are_no_data(value: float) -> None:
    """What a division by nothing gives is not a figure."""
    status = only(readings(figures=dict.fromkeys(FIGURES, value)))
    figures = {status.objective, status.sli, status.burn_rate, status.events_remaining, status.seconds_left}
    assert figures == {None}
    assert (status.alert, status.states) == ("no data", ("no data",))


def test_sloths_ratio_of_an_hour_without_events_is_low_traffic() -> None:
    """It records 0 / 0, and nothing that counts events."""
    nothing = {conventions.CURRENT_BURN_RATE: math.nan, HOUR_RATIO: math.nan, NEWEST: NOW}
    assert only(readings(figures=nothing)).states == ("low traffic",)


def test_a_young_slo_has_a_burn_rate_before_it_has_a_budget() -> None:
    """The period's records come minutes after the first ratio; until then what is there is shown."""
    figures = {name: FIGURES[name] for name in (conventions.OBJECTIVE, conventions.CURRENT_BURN_RATE)}
    status = only(readings(figures=figures))
    assert (status.burn_rate, status.budget_remaining, status.alert) == (2.5, None, "ok")


def test_what_sloth_does_not_record_leaves_the_rest() -> None:
    """It counts no events."""
    lacking = {HOUR_EVENTS, conventions.BUDGET_EVENTS_REMAINING}
    status = only(readings(figures={name: value for name, value in FIGURES.items() if name not in lacking}))
    assert (status.events_remaining, status.events_1h, status.events) == (None, None, None)
    assert (status.budget_remaining, status.alert, status.states) == (0.75, "ok", ())


def test_burn_rates_of_three_windows_come_from_their_ratios() -> None:
    """Ours of six hours where there is one, else sloth's."""
    ratios = {conventions.sli_ratio("1h"): 0.002, conventions.sli_ratio("6h"): 0.003}
    status = only(readings(figures=FIGURES | ratios))
    assert (status.burn_rate, status.burn_rate_1h, status.burn_rate_6h) == (2.5, pytest.approx(2), pytest.approx(3))
    status = only(readings(figures=FIGURES | ratios | {conventions.recent_ratio("6h"): 0.004}))
    assert status.burn_rate_6h == pytest.approx(4)


@pytest.mark.parametrize(("days", "period"), [(30, "30d"), (28, "4w"), (1, "1d")])
def test_events_are_those_of_the_period_that_holds(days: float, period: str) -> None:
    """For five minutes after a change of the period, both are there."""
    counted = {
        conventions.total_increase(period): 50_000,
        conventions.bad_increase(period): 12,
        conventions.total_increase("90d"): 1,
        conventions.bad_increase("90d"): 1,
    }
    status = only(readings(figures=FIGURES | counted | {conventions.PERIOD_DAYS: days}))
    assert (status.events, status.bad_events) == (50_000, 12)


def test_what_is_counted_in_a_unit_of_its_own_are_no_events() -> None:
    """The rules then record no events that may fail, and few of that unit are not little traffic."""
    figures = FIGURES | {conventions.total_increase("30d"): 7, HOUR_EVENTS: 0.2}
    del figures[conventions.BUDGET_EVENTS_REMAINING]
    status = only(readings(figures=figures))
    assert (status.events, status.events_1h, status.states) == (None, None, ())


@pytest.mark.parametrize(("events", "low"), [(0, True), (69, True), (70, False)])
def test_few_events_an_hour_are_low_traffic(events: float, low: bool) -> None:
    """At 99.9 % one failure among 69 burns at 14.5, beyond the page's 14.4."""
    status = only(readings(figures=FIGURES | {HOUR_EVENTS: events}))
    assert ("low traffic" in status.states) is low
    assert status.events_1h == events


@pytest.mark.parametrize(
    ("left", "burn", "expected"),
    [
        pytest.param(0.75, 2.25, 0.75 * 30 * DAY / (2.25 - 0.25), id="faster than the past"),
        pytest.param(0.75, 1, None, id="as much is given back"),
        pytest.param(0, 0, 0, id="spent"),
        pytest.param(-0.4, 3, 0, id="overspent"),
    ],
)
def test_a_pace_of_six_hours_tells_when_the_budget_is_spent(left: float, burn: float, expected: float | None) -> None:
    """`exhaustion` has the formula."""
    changes = {conventions.BUDGET_REMAINING: left, conventions.recent_ratio("6h"): burn * 0.001}
    status = only(readings(figures=FIGURES | changes))
    assert status.seconds_left == (expected if expected is None else pytest.approx(expected))
    assert ("exhausted" in status.states) is (left <= 0)


def test_a_young_slo_spends_what_it_has_earned_so_far() -> None:
    """Two days old: the room is two days' budget, and not thirty."""
    changes = {conventions.recent_ratio("6h"): 0.004, OLDEST: NOW - 2 * DAY}
    assert only(readings(figures=FIGURES | changes)).seconds_left == pytest.approx(0.75 * 2 * DAY / (4 - 1))


@pytest.mark.parametrize("left", [None, math.nan])
def test_without_figures_nothing_is_projected(left: float | None) -> None:
    """No budget known, no pace known."""
    figures = {name: value for name, value in FIGURES.items() if name != conventions.BUDGET_REMAINING}
    figures |= {} if left is None else {conventions.BUDGET_REMAINING: left}
    assert only(readings(figures=figures | {conventions.recent_ratio("6h"): 1.0})).seconds_left is None
    assert only(readings()).seconds_left is None


@pytest.mark.parametrize(
    ("interval", "age", "stale"), [(30.0, 299, False), (30.0, 301, True), (600.0, 1199, False), (600.0, 1201, True)]
)
def test_a_newest_sample_that_is_old_is_stale(interval: float, age: float, stale: bool) -> None:
    """Older than a look back, or than two turns of a slow group."""
    given = readings(figures=FIGURES | {NEWEST: NOW - age}, groups=(group(UP, interval_seconds=interval),))
    assert ("stale" in only(given).states) is stale


@pytest.mark.parametrize(
    ("ago", "health", "fault"),
    [
        pytest.param(20, "ok", [], id="just evaluated"),
        pytest.param(400, "ok", ["rules last evaluated 6m 40s ago"], id="not for minutes"),
        pytest.param(20, "err", ["r fails: many-to-many"], id="its rules fail"),
    ],
)
def test_rules_that_are_not_evaluated_make_figures_stale(ago: float, health: str, fault: list[str]) -> None:
    """What they recorded is still there for five minutes, and says nothing of now."""
    evaluated = datetime.fromtimestamp(NOW - ago, UTC)
    status = only(readings(groups=(group(UP, UP, health=health, evaluated_at=evaluated),)))
    assert list(status.faults) == fault
    assert (status.states, status.is_healthy) == (("stale",) if fault else (), not fault)


def test_an_slo_that_is_gone_does_not_linger() -> None:
    """Its last samples are found for a day, but its rules are not loaded while others are."""
    gone = {**UP, conventions.ID: "shop-gone"}
    moments = {NEWEST: (sample(gone, NOW - 4000),), OLDEST: (sample(gone, 0),)}
    assert [row.id for row in statuses(Readings(records=moments, groups=(group(UP),), at=NOW))] == ["shop-up"]


def test_records_that_stopped_are_stale_where_rules_run_elsewhere() -> None:
    """The server that is asked then knows no rules: that nothing is written must not read as no SLO."""
    status = only(Readings(records={NEWEST: (sample(UP, NOW - 4000),)}, at=NOW))
    assert (status.states, status.faults) == (("stale",), ("last measured 1h 6m ago",))


def test_an_alert_shows_also_without_figures() -> None:
    """When the SLI is gone its figures go too; the alert must not read as no data."""
    status = only(Readings(records={}, alerts=(sample({**UP, **ABSENT}),), groups=(group(UP),), at=NOW))
    assert status.alert == "absent"


def test_another_slos_alert_is_not_ours() -> None:
    """Alerts are told apart by id."""
    assert only(readings({**PAGE, conventions.ID: "shop-other"})).alert == "ok"


def test_copies_in_two_clusters_are_two_rows() -> None:
    """Figures of a cluster stay apart; constants without a cluster hold for both; one pages, one does not."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    given = Readings(
        records={
            conventions.OBJECTIVE: (sample(UP, 0.99),),
            conventions.PERIOD_BURN_RATE: (sample(east, 0.5), sample(west, 2.0)),
        },
        alerts=(sample({**west, **PAGE}),),
        groups=(group(UP),),
    )
    first, second = statuses(given)
    assert (dict(first.labels), first.sli, first.alert) == ({"cluster": "east"}, pytest.approx(0.995), "ok")
    assert (dict(second.labels), second.sli, second.alert) == ({"cluster": "west"}, pytest.approx(0.98), "page")


def test_an_alert_without_a_cluster_is_every_copys() -> None:
    """`absent()` knows only the labels it was asked for."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    records = {conventions.PERIOD_BURN_RATE: (sample(east), sample(west))}
    given = Readings(records=records, alerts=(sample({**UP, **ABSENT}),))
    assert [status.alert for status in statuses(given)] == ["absent", "absent"]


def test_labels_beside_the_identity_do_not_split_a_row() -> None:
    """A team that changed, or sloth's window, names no other SLO."""
    records = {
        conventions.OBJECTIVE: (sample({**UP, "team": "a"}, 0.99),),
        conventions.PERIOD_BURN_RATE: (sample({**UP, "team": "b", conventions.WINDOW: "30d"}, 0.5),),
    }
    assert only(Readings(records=records)).sli == pytest.approx(0.995)


def test_rows_are_sorted_by_service_and_slo() -> None:
    """The order does not depend on the server's."""
    names = [("b", "x"), ("a", "y"), ("a", "x")]

    def labels(service: str, slo: str) -> Mapping[str, str]:
        return {conventions.ID: f"{service}-{slo}", conventions.SERVICE: service, conventions.SLO: slo}

    series = tuple(sample(labels(*name)) for name in names)
    rows = statuses(Readings(records={conventions.OBJECTIVE: series}))
    assert [(row.service, row.slo) for row in rows] == sorted(names)


def test_labels_that_are_strange_do_no_harm() -> None:
    """Series are anybody's: an id alone, empty ids, names in other scripts."""
    strange = ({conventions.ID: "[bold]"}, {conventions.ID: ""}, {}, {**UP, conventions.ID: "é\n", "cluster": "東"})
    rows = statuses(Readings(records={conventions.OBJECTIVE: tuple(map(sample, strange))}))
    assert [row.id for row in rows] == ["[bold]", "é\n"]
