"""Canned readings in, statuses out; and the whole way from a real Prometheus."""

import dataclasses
import io
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from rich.console import Console
from rich.text import Text

from budget.answers import Rule, RuleGroup, Sample
from budget.prometheus import Prometheus
from budget.status import RECORDS, Readings, SloStatus, exhausted_at, read, statuses
from budget.table import summary, table
from slo import conventions

UP = {conventions.ID: "shop-up", conventions.SERVICE: "shop", conventions.SLO: "up"}
FIGURES = {
    conventions.OBJECTIVE: 0.999,
    conventions.PERIOD_DAYS: 30,
    conventions.CURRENT_BURN_RATE: 2.5,
    conventions.PERIOD_BURN_RATE: 0.25,
    conventions.BUDGET_REMAINING: 0.75,
    conventions.BUDGET_EVENTS_REMAINING: 1234.5,
}


def _sample(labels: Mapping[str, str], value: float = 1.0) -> Sample:
    return Sample(labels=labels, value=value, at=0)


def _readings(*alerts: Mapping[str, str], figures: Mapping[str, float] = FIGURES) -> Readings:
    records = {record: (_sample(UP, value),) for record, value in figures.items()}
    return Readings(records=records, alerts=tuple(_sample({**UP, **alert}) for alert in alerts))


def _group(*labels: Mapping[str, str]) -> RuleGroup:
    rules = tuple(Rule(name="r", kind="recording", query="1", labels=given, health="ok", error="") for given in labels)
    return RuleGroup(name="g", file="f", interval_seconds=30, evaluated_at=None, rules=rules)


def _only(readings: Readings) -> SloStatus:
    (status,) = statuses(readings)
    return status


def test_figures_are_put_together() -> None:
    """Each record's value is at its place; the period's SLI comes from its burn rate and the objective."""
    status = _only(_readings())
    assert (status.id, status.service, status.slo) == ("shop-up", "shop", "up")
    assert (status.objective, status.period_days, status.burn_rate) == (0.999, 30, 2.5)
    assert status.sli == pytest.approx(1 - 0.25 * 0.001)
    assert (status.budget_remaining, status.events_remaining) == (0.75, 1234.5)
    assert status.alert == "ok"


def test_no_series_and_no_rules_are_no_rows() -> None:
    """Another Prometheus has nothing for us."""
    assert statuses(Readings(records={})) == ()


def test_loaded_rules_without_series_are_no_data() -> None:
    """An SLO shows from the moment its rules are loaded."""
    status = _only(Readings(records={}, groups=(_group(UP, {}, {"severity": "page"}),)))
    assert status.alert == "no data"
    assert {status.objective, status.sli, status.burn_rate, status.budget_remaining} == {None}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_values_that_are_no_figures_are_no_data(value: float) -> None:
    """NaN is what sloth records without traffic; it is not a figure."""
    status = _only(_readings(figures=dict.fromkeys(FIGURES, value)))
    assert {status.objective, status.sli, status.burn_rate, status.events_remaining} == {None}
    assert status.alert == "no data"


def test_a_young_slo_has_a_burn_rate_before_it_has_a_budget() -> None:
    """The period's records come minutes after the first ratio; until then what is there is shown."""
    figures = {name: FIGURES[name] for name in (conventions.OBJECTIVE, conventions.CURRENT_BURN_RATE)}
    status = _only(_readings(figures=figures))
    assert (status.burn_rate, status.budget_remaining, status.alert) == (2.5, None, "ok")


def test_a_record_that_is_missing_leaves_the_others() -> None:
    """sloth writes no remaining events."""
    figures = {k: v for k, v in FIGURES.items() if k != conventions.BUDGET_EVENTS_REMAINING}
    status = _only(_readings(figures=figures))
    assert status.events_remaining is None
    assert status.budget_remaining == 0.75
    assert status.alert == "ok"


PAGE = {"alertname": "ShopUp", "alertstate": "firing", conventions.SEVERITY: "page"}
TICKET = {**PAGE, conventions.SEVERITY: "ticket"}
PENDING = {**PAGE, "alertstate": "pending"}
ABSENT = {**TICKET, "alertname": conventions.absent_alert("ShopUp")}


@pytest.mark.parametrize(
    ("alerts", "state"),
    [
        pytest.param([PAGE], "page", id="a page fires"),
        pytest.param([TICKET], "ticket", id="a ticket fires"),
        pytest.param([ABSENT], "absent", id="the SLI is gone"),
        pytest.param([PENDING], "pending", id="a page waits"),
        pytest.param([{**ABSENT, "alertstate": "pending"}], "ok", id="the SLI is waited for"),
        pytest.param([TICKET, PAGE], "page", id="a page outweighs its ticket"),
        pytest.param([PENDING, TICKET], "ticket", id="what fires outweighs what waits"),
        pytest.param([TICKET, ABSENT], "absent", id="no SLI outweighs a ticket on what it was"),
    ],
)
def test_the_gravest_alert_is_shown(alerts: list[dict[str, str]], state: str) -> None:
    """One word says how bad it is."""
    assert _only(_readings(*alerts)).alert == state


def test_an_alert_shows_also_without_figures() -> None:
    """When the SLI is gone its figures go too; the alert must not read as no data."""
    readings = Readings(records={}, alerts=(_sample({**UP, **ABSENT}),), groups=(_group(UP),))
    assert _only(readings).alert == "absent"


def test_another_slos_alert_is_not_ours() -> None:
    """Alerts are told apart by id."""
    assert _only(_readings({**PAGE, conventions.ID: "shop-other"})).alert == "ok"


def test_copies_in_two_clusters_are_two_rows() -> None:
    """Figures of a cluster stay apart; constants without a cluster hold for both; one pages, one does not."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    readings = Readings(
        records={
            conventions.OBJECTIVE: (_sample(UP, 0.99),),
            conventions.PERIOD_BURN_RATE: (_sample(east, 0.5), _sample(west, 2.0)),
        },
        alerts=(_sample({**west, **PAGE}),),
        groups=(_group(UP),),
    )
    first, second = statuses(readings)
    assert (dict(first.labels), first.sli, first.alert) == ({"cluster": "east"}, pytest.approx(0.995), "ok")
    assert (dict(second.labels), second.sli, second.alert) == (
        {"cluster": "west"},
        pytest.approx(0.98),
        "page",
    )


def test_an_alert_without_a_cluster_is_every_copys() -> None:
    """`absent()` knows only the labels it was asked for."""
    east, west = {**UP, "cluster": "east"}, {**UP, "cluster": "west"}
    records = {conventions.PERIOD_BURN_RATE: (_sample(east), _sample(west))}
    readings = Readings(records=records, alerts=(_sample({**UP, **ABSENT}),))
    assert [status.alert for status in statuses(readings)] == ["absent", "absent"]


def test_labels_beside_the_identity_do_not_split_a_row() -> None:
    """A team that changed, or sloth's window, names no other SLO."""
    records = {
        conventions.OBJECTIVE: (_sample({**UP, "team": "a"}, 0.99),),
        conventions.PERIOD_BURN_RATE: (_sample({**UP, "team": "b", conventions.WINDOW: "30d"}, 0.5),),
    }
    assert _only(Readings(records=records)).sli == pytest.approx(0.995)


def test_rows_are_sorted_by_service_and_slo() -> None:
    """The order does not depend on the server's."""
    names = [("b", "x"), ("a", "y"), ("a", "x")]
    series = tuple(
        _sample({conventions.ID: f"{service}-{slo}", conventions.SERVICE: service, conventions.SLO: slo})
        for service, slo in names
    )
    rows = statuses(Readings(records={conventions.OBJECTIVE: series}))
    assert [(row.service, row.slo) for row in rows] == sorted(names)


class _Counting:
    """A source that counts what it is asked."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def instant(self, query: str) -> tuple[Sample, ...]:
        self.queries.append(query)
        return tuple(_sample({**UP, conventions.ID: f"shop-{number}"}) for number in range(100))

    def rules(self) -> tuple[RuleGroup, ...]:
        return ()


def test_the_number_of_queries_does_not_grow_with_the_slos() -> None:
    """One for each record, one for what was counted, one for the alerts, two for the mark of a past; for 100 SLOs."""
    source = _Counting()
    assert len(statuses(read(source))) == 100
    assert len(source.queries) == len(RECORDS) + 4


def test_a_real_prometheus_says_it_all(prometheus_url: str) -> None:
    """Figures and a firing page of the rules that ran; no data for the rule that waits."""
    later, up = statuses(read(Prometheus(prometheus_url)))
    assert (later.id, later.alert) == ("shop-later", "no data")
    assert (up.id, up.objective, up.period_days, up.alert) == ("shop-up", 0.99, 30, "page")
    assert up.sli == pytest.approx(0.9975)
    assert (up.burn_rate, up.budget_remaining, up.events_remaining) == (2, 0.75, 1234)


NOW = 2_000_000_000.0
DAY = 86_400.0


def _at_now(**changes: Any) -> Readings:
    return dataclasses.replace(_readings(), at=NOW, **changes)


def test_burn_rates_of_three_windows_come_from_their_ratios() -> None:
    """Ours of six hours where there is one, else sloth's."""
    ratios = {conventions.sli_ratio("1h"): 0.002, conventions.sli_ratio("6h"): 0.003}
    status = _only(_readings(figures=FIGURES | ratios))
    assert (status.burn_rate, status.burn_rate_1h, status.burn_rate_6h) == (2.5, pytest.approx(2), pytest.approx(3))
    status = _only(_readings(figures=FIGURES | ratios | {conventions.recent_ratio("6h"): 0.004}))
    assert status.burn_rate_6h == pytest.approx(4)


@pytest.mark.parametrize(
    ("remaining", "burn", "expected"),
    [
        pytest.param(0.5, 3.0, NOW + 5 * DAY, id="half of 30 days' budget at three times its pace"),
        pytest.param(0.5, 1.0, None, id="at its own pace it is given back as fast"),
        pytest.param(0.5, 0.0, None, id="nothing fails"),
        pytest.param(0.0, 0.0, NOW, id="spent"),
        pytest.param(-0.4, 3.0, NOW, id="overspent"),
        pytest.param(None, 3.0, None, id="no budget known"),
        pytest.param(0.5, None, None, id="no pace known"),
    ],
)
def test_when_the_budget_is_spent_follows_from_the_pace(
    remaining: float | None, burn: float | None, expected: float | None
) -> None:
    """At the burn rate of the last six hours."""
    assert exhausted_at(remaining, burn, 30, now=NOW) == (None if expected is None else pytest.approx(expected))


def test_events_of_the_period_are_counted_whatever_its_name() -> None:
    """`…:increase30d`, `…:increase4w`: one query has them all."""
    names = {conventions.total_increase("30d"): 50_000.0, conventions.bad_increase("30d"): 12.0}
    counted = tuple(_sample({**UP, "__name__": name}, value) for name, value in names.items())
    status = _only(_at_now(counted=counted))
    assert (status.events, status.bad_events) == (50_000, 12)


@pytest.mark.parametrize(("a_second", "low"), [(0.0, True), (9 / 3600, True), (11 / 3600, False)])
def test_few_events_an_hour_are_low_traffic_and_not_perfect(a_second: float, low: bool) -> None:
    """One failure among them would be a tenth of all."""
    status = _only(_readings(figures=FIGURES | {conventions.total_rate("1h"): a_second}))
    assert (status.low_traffic, status.alert) == (low, "low traffic" if low else "ok")


@pytest.mark.parametrize(
    ("seeded", "share"),
    [
        pytest.param(None, 0.0, id="nothing is seeded"),
        pytest.param((NOW - 35 * DAY, NOW), 1.0, id="all of it"),
        pytest.param((NOW - 35 * DAY, NOW - 15 * DAY), 0.5, id="its older half"),
        pytest.param((NOW - 90 * DAY, NOW - 31 * DAY), 0.0, id="before the period"),
    ],
)
def test_what_is_seeded_is_said_as_a_share_of_the_period(seeded: tuple[float, float] | None, share: float) -> None:
    """Nobody takes it for measured."""
    assert _only(_at_now(seeded=seeded)).seeded == pytest.approx(share)


@pytest.mark.parametrize(
    ("ago", "health", "alert"),
    [
        pytest.param(20, "ok", "ok", id="just evaluated"),
        pytest.param(400, "ok", "stale", id="not for minutes"),
        pytest.param(20, "err", "stale", id="its rules fail"),
    ],
)
def test_rules_that_are_not_evaluated_make_figures_stale(ago: float, health: str, alert: str) -> None:
    """What they recorded is still there for five minutes, and says nothing of now."""
    evaluated = datetime.fromtimestamp(NOW - ago, UTC)
    group = _group(UP)
    rules = tuple(dataclasses.replace(rule, health=health) for rule in group.rules)
    found = _only(_at_now(groups=(dataclasses.replace(group, evaluated_at=evaluated, rules=rules),)))
    assert found.alert == alert


def test_what_fires_is_named_with_its_severity() -> None:
    """What is only pending is not."""
    labels = {"alertname": "ShopUp", conventions.SEVERITY: "page"}
    status = _only(
        _readings({**labels, "alertstate": "firing"}, {"alertname": "ShopUpAbsent", "alertstate": "pending"})
    )
    assert status.alerts == (("ShopUp", "page"),)


@pytest.mark.parametrize("columns", [100, 160])
def test_a_row_fits_its_screen(columns: int) -> None:
    """What matters least is left out where there is little room."""
    console = Console(width=columns, file=io.StringIO())
    console.print(table((_only(_at_now(seeded=(NOW - 35 * DAY, NOW))),), columns=columns), Text(summary(())))
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= columns
    assert ("seeded" in lines[1]) == (columns > 120)
    assert "…" not in "".join(lines)


def test_the_summary_counts_promises() -> None:
    """And says how much is made up."""
    spent = dataclasses.replace(_only(_at_now(seeded=(NOW - 35 * DAY, NOW))), budget_remaining=-0.1)
    kept, unknown = (dataclasses.replace(spent, budget_remaining=left) for left in (0.5, None))
    assert summary((spent, kept, unknown)) == (
        "3 SLOs: 1 with budget left, 1 without; 1 without data; seeded: up to 100% of a period is made up, not measured"
    )
