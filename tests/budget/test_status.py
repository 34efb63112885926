"""Canned readings in, statuses out; and the whole way from a real Prometheus."""

import math
from collections.abc import Mapping

import pytest

from budget.answers import Rule, RuleGroup, Sample
from budget.prometheus import Prometheus
from budget.status import RECORDS, Readings, SloStatus, read, statuses
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
    """One instant query per record and one for the alerts, here for 100 SLOs."""
    source = _Counting()
    assert len(statuses(read(source))) == 100
    assert len(source.queries) == len(RECORDS) + 1


def test_a_real_prometheus_says_it_all(prometheus_url: str) -> None:
    """Figures and a firing page of the rules that ran; no data for the rule that waits."""
    later, up = statuses(read(Prometheus(prometheus_url)))
    assert (later.id, later.alert) == ("shop-later", "no data")
    assert (up.id, up.objective, up.period_days, up.alert) == ("shop-up", 0.99, 30, "page")
    assert up.sli == pytest.approx(0.9975)
    assert (up.burn_rate, up.budget_remaining, up.events_remaining) == (2, 0.75, 1234)
