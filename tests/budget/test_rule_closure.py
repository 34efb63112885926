"""budget/rule_closure.py: what one alert is made of, in small rule files and in the generated ones."""

from dataclasses import replace
from typing import Any

import pytest

from budget import drill_course, drill_forecast, promtool_values, rule_closure
from budget.drill_forecast import HISTORY_SECONDS, STEP_SECONDS, TIMES
from budget.first_firing import first_firing
from budget.rule_closure import Closure, NoRule
from slo.windows import HOUR, MINUTE
from tests.budget.drill_history import NOW, REQUESTS, catalog, catalog_fails, drills, names, recorded, rules

PAGES = {f"{name} {page.alert}": page for name, drill in drills().items() for page in drill.pages}


def alert(expression: str, name: str = "Wrong", **labels: str) -> dict[str, Any]:
    """A rule that fires on *expression*."""
    return {"alert": name, "expr": expression, "labels": labels}


def record(name: str, expression: str, **labels: str) -> dict[str, Any]:
    """A rule that records *expression*."""
    return {"record": name, "expr": expression, "labels": labels}


def group(*made: dict[str, Any], name: str = "g", **more: str) -> dict[str, Any]:
    """A group of rules."""
    return {"name": name, **more, "rules": list(made)}


def closure(*groups: dict[str, Any], name: str = "Wrong", horizon: float = HOUR, **labels: str) -> Closure:
    """That of one alert in *groups*."""
    return rule_closure.of(groups, name, labels, horizon_seconds=horizon)


def test_a_record_is_followed_to_what_it_reads() -> None:
    """Over as many records as there are, and no other rule is kept."""
    made = closure(
        group(record("a", "rate(raw[5m])"), record("unread", "b")),
        group(record("b", "a * 2"), alert("b > 1"), name="h"),
    )
    assert [(each["name"], [rule["expr"] for rule in each["rules"]]) for each in made.groups] == [
        ("g", ["rate(raw[5m])"]),
        ("h", ["a * 2", "b > 1"]),
    ]
    assert names(made.read) == ["raw{}"]


@pytest.mark.parametrize(
    "expression",
    [
        pytest.param("sum by (job) (b) > 1", id="an aggregate"),
        pytest.param("topk(scalar(b), x)", id="an aggregate's number"),
        pytest.param("x and on () (b)", id="on the right, in parentheses"),
        pytest.param("-b < 0", id="with a sign"),
        pytest.param("absent(b)", id="what is absent"),
        pytest.param("clamp(x, 0, scalar(b))", id="an argument"),
        pytest.param("max_over_time(b[5m])", id="over time"),
        pytest.param("max_over_time((b + 1)[5m:1m])", id="a subquery"),
        pytest.param("b offset 5m > 1", id="earlier"),
        pytest.param('label_replace(b, "a", "b", "c", "d")', id="among texts"),
    ],
)
def test_it_is_found_wherever_it_stands(expression: str) -> None:
    """In every kind of node that a query has."""
    made = closure(group(record("b", "rate(raw[5m])"), alert(expression)))
    assert list(recorded(made)) == ["b"]
    assert "raw{}" in names(made.read)


def test_of_records_with_one_name_those_are_kept_that_may_be_meant() -> None:
    """By the labels that a rule gives; what it does not say may be so."""
    made = closure(
        group(
            record("b", "x", slo="up"), record("b", "y", slo="fast"), record("b", "z"), alert('b{slo="up",job="a"} > 1')
        )
    )
    assert names(made.read) == ["x{}", "z{}"]


def test_a_record_that_looks_back_too_far_is_read_and_not_evaluated() -> None:
    """So much history is not given; one that looks back as far as the history goes is evaluated."""
    rules_ = group(
        record("near", "sum_over_time(raw[30m:1m] offset 30m)"), record("far", "rate(raw[61m])"), alert("near > far")
    )
    made = closure(rules_)
    assert list(recorded(made)) == ["near"]
    assert names(made.read) == ["far{}", "raw{}"]
    assert list(recorded(closure(rules_, horizon=2 * HOUR))) == ["near", "far"]
    assert list(recorded(closure(group(record("then", "rate(raw[1m] offset 60m)"), alert("then > 1"))))) == []


def test_what_is_read_twice_is_named_once() -> None:
    """Two selectors of one metric are two."""
    made = closure(group(alert('up == 0 or up == 0 or up{job="a"} == 0')))
    assert names(made.read) == ['up{job="a"}', "up{}"]


def test_an_alert_that_watches_itself_ends() -> None:
    """Nor do two records that read one another go round for ever."""
    made = closure(group(record("a", "b"), record("b", "a or raw"), alert("a > 1")))
    assert list(recorded(made)) == ["a", "b"]


def test_the_slowest_group_is_the_turn() -> None:
    """Of the groups that are needed; one that does not say so has 30 s."""
    other = group(record("c", "y"), name="other", interval="5m")
    made = closure(group(record("a", "x"), interval="2m"), group(alert("a > 1"), name="h"), other)
    assert made.interval_seconds == 120
    assert closure(group(alert("x > 1"))).interval_seconds == 30


def test_the_labels_are_the_alerts_own() -> None:
    """All that it has, asked for or not; a number in YAML is text."""
    made = group({"alert": "Wrong", "expr": "up == 0", "labels": {"severity": "page", "tier": 1}})
    assert closure(made, severity="page").labels == {"severity": "page", "tier": "1"}


@pytest.mark.parametrize(
    ("name", "labels", "count"),
    [
        pytest.param("Wrong", {}, 2, id="two that fit"),
        pytest.param("Wrong", {"severity": "info"}, 0, id="another label"),
        pytest.param("Other", {}, 0, id="another name"),
    ],
)
def test_none_or_two_are_told(name: str, labels: dict[str, str], count: int) -> None:
    """Nobody could say which of them is meant."""
    made = group(alert("a", severity="page"), alert("b", severity="ticket"))
    with pytest.raises(NoRule, match=rf"^{count} rules make the alert .*: expected one$"):
        closure(made, name=name, **labels)
    assert closure(made, severity="page").labels == {"severity": "page"}


# --- the generated rules ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_each_page_of_a_drill_is_one_rule(page: Any) -> None:
    """Of the generated ones, with the labels that the drill says; every series that it reads is a raw one, or one that
    looks back further than the history.
    """
    found = _generated(page.alert, page.service, page.slo, page.severity)
    made = [rule for each in found.groups for rule in each["rules"] if "alert" in rule]
    assert [rule["alert"] for rule in made] == [page.alert]
    assert found.read
    for selector in found.read:
        records = [rule for each in rules().groups for rule in each["rules"] if rule.get("record") == selector.name]
        assert all(rule_closure._looks_back(rule) > HISTORY_SECONDS for rule in records)


def test_a_comparison_with_weeks_is_read_as_it_was_recorded() -> None:
    """The baseline of the traffic's alert looks back three weeks."""
    found = _generated("TrafficGone", "catalog", "", "page")
    assert {selector.name for selector in found.read} == {"kpi:baseline", "kpi:baseline_weeks", REQUESTS}
    assert "kpi:baseline" not in set(recorded(found))


def test_every_alert_of_ours_has_a_closure() -> None:
    """And none needs more than its own group or two: a forecast takes seconds."""
    for each in rules().groups:
        for rule in each["rules"]:
            if "alert" in rule:
                labels = {name: str(value) for name, value in rule["labels"].items()}
                found = rule_closure.of(rules().groups, rule["alert"], labels, horizon_seconds=HISTORY_SECONDS)
                assert sum(len(kept["rules"]) for kept in found.groups) < 30, rule["alert"]


@pytest.mark.parametrize(("failing", "told"), [(1.0, True), (0.001, False)], ids=["all fail", "hardly any"])
def test_nothing_that_is_needed_is_left_out(failing: float, told: bool) -> None:
    """promtool says the same of the closure alone and of every rule of the promise: the moment, or silence."""
    alone = _generated("CatalogAvailability", "catalog", "availability", "page")
    whole = replace(alone, groups=tuple(each for each in rules().groups if _is_about(each, "catalog-availability")))
    assert len(list(recorded(whole))) > 2 * len(list(recorded(alone)))
    fires = _fires(alone, failing)
    assert (fires is not None) is told
    assert fires == _fires(whole, failing)


@pytest.mark.full
@pytest.mark.parametrize("failing", [1.0, 0.3, 0.02, 0.01])
def test_nothing_of_the_whole_service_is_left_out(failing: float) -> None:
    """The same of every rule that has to do with the catalog."""
    alone = _generated("CatalogAvailability", "catalog", "availability", "page")
    whole = replace(alone, groups=tuple(each for each in rules().groups if _is_about(each, "catalog")))
    assert len(whole.groups) > 5
    assert _fires(alone, failing) == _fires(whole, failing)


def _generated(name: str, service: str, slo: str, severity: str) -> Closure:
    labels = {"service": service, "severity": severity} | ({"slo": slo} if slo else {})
    return rule_closure.of(rules().groups, name, labels, horizon_seconds=HISTORY_SECONDS)


def _is_about(found: Any, what: str) -> bool:
    return any(what in (rule.get("labels") or {}).values() for rule in found["rules"])


def _fires(given: Closure, failing: float) -> float | None:
    """When the catalog's page fires where this share of its requests begins to fail."""
    courses = drill_course.under(drill_forecast._measured(given, catalog(10), NOW), catalog_fails(failing).effects)
    spelled = [
        (
            promtool_values.spelled(each.labels),
            promtool_values.values(each, step_seconds=STEP_SECONDS, ahead_seconds=21 * MINUTE),
        )
        for each in courses
    ]
    wanted = {"alertname": "CatalogAvailability", "severity": "page", "service": "catalog"}
    return first_firing(wanted, given.groups, spelled, rules().promtool, TIMES)
