"""alerts.burn_rate: page and ticket of an SLO, their labels, annotations and guards against low traffic."""

import promql_parser as pq
import pytest

from alerts.burn_rate import page, route_labels, ticket
from slo.model import Slo, pairs
from slo.rule_context import shared
from tests.slo.answers import EVENTS, catalogue, document, slo

RAW = """
      raw:
        error_ratio_query: sum by (service) (rate(b[{{.window}}])) / sum by (service) (rate(a[{{.window}}]))"""
IRATES = EVENTS.replace("rate(", "irate(")
MIXED = EVENTS.replace('rate(requests_total{code="500"}', 'increase(requests_total{code="500"}')


def _one(folder, sli: str = EVENTS, *, head: str = "", **options: str) -> Slo:
    return catalogue(document(slo(sli=sli, **options), head=head), folder).slos[0]


def _alerts(one: Slo):
    return page(shared(one)), ticket(shared(one))


# --- what is told -----------------------------------------------------------------------------------------------


def test_page_and_ticket_are_sloths_but_for_the_labels_of_routes(tmp_path):
    """Name, severity, title and summary are sloth's, so that its dashboards and runbooks keep working."""
    both = _alerts(_one(tmp_path))
    assert [alert.name for alert in both] == ["Burning", "Burning"]
    assert [dict(alert.labels)["sloth_severity"] for alert in both] == ["page", "ticket"]
    assert dict(both[0].annotations) == {
        "title": "(page) {{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is too fast.",
        "summary": "{{$labels.sloth_service}} {{$labels.sloth_slo}} SLO error budget burn rate is over expected.",
        "description": "{{$value | humanizePercentage}} bad over 5m or 30m, where 99.9% over 30d allows 0.1%.",
    }
    assert {alert.for_seconds for alert in both} == {0}


def test_the_nearer_label_and_annotation_wins(tmp_path):
    """Those of the page override those of the alerting, and both override ours."""
    alerting = """      labels: {severity: high, tier: a}
      annotations: {title: mine, runbook: r}
      page_alert: {labels: {tier: b}, annotations: {title: the page's}}
"""
    paged, ticketed = _alerts(_one(tmp_path, alerting=alerting))
    assert (dict(paged.labels)["severity"], dict(paged.labels)["tier"]) == ("high", "b")
    assert dict(ticketed.labels)["tier"] == "a"
    assert (dict(paged.annotations)["title"], dict(ticketed.annotations)["title"]) == ("the page's", "mine")
    assert dict(paged.annotations)["runbook"] == "r"


@pytest.mark.parametrize("disabled", [(), ("page",), ("ticket",), ("page", "ticket")])
def test_what_is_disabled_is_not_made(disabled, tmp_path):
    """Each of the two by itself."""
    alerting = "".join(f"      {name}_alert: {{disable: true}}\n" for name in disabled)
    paged, ticketed = _alerts(_one(tmp_path, alerting=alerting))
    assert (paged is None, ticketed is None) == ("page" in disabled, "ticket" in disabled)


# --- labels that routes read ------------------------------------------------------------------------------------


def test_every_alert_says_service_slo_severity_and_team(tmp_path):
    """Whatever the spec leaves open."""
    for alert, severity in zip(_alerts(_one(tmp_path, head="team: till\n")), ("page", "ticket"), strict=True):
        expected = {"service": "shop", "slo": "requests", "severity": severity, "team": "till"}
        assert expected.items() <= dict(alert.labels).items()


def test_a_label_of_the_spec_or_of_its_query_is_kept(tmp_path):
    """Ours is added only where none of that name comes with the alert or with its series."""
    events = EVENTS.replace("sum(", "sum by (team) (")
    one = _one(tmp_path, events, head="team: till\nlabels: {service: theirs}\n")
    own = pairs({"severity": "pageteam"})
    assert dict(route_labels(one, "page", own)) == {"slo": "requests"}
    assert "service" not in dict(route_labels(_one(tmp_path, RAW), "page", ()))


def test_without_a_team_there_is_no_team(tmp_path):
    """An empty label would match routes for nobody."""
    assert "team" not in dict(route_labels(_one(tmp_path), "page", ()))


# --- expressions ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("window", "factors"),
    [("30d", ("14.4", "6", "3", "1")), ("28d", ("13.44", "5.6", "2.8", "0.9333333333333333"))],
)
def test_thresholds_are_factor_times_budget(window, factors, tmp_path):
    """Each of the four pairs stands in its alert with the exact factor."""
    both = _alerts(_one(tmp_path, more=f"    window: {window}\n"))
    for alert, own in zip(both, (factors[:2], factors[2:]), strict=True):
        assert [alert.expr.count(f"> ({factor} * 0.001)") for factor in own] == [2, 2]


@pytest.mark.parametrize("sli", [EVENTS, IRATES, MIXED, RAW], ids=["events", "not additive", "mixed units", "raw"])
@pytest.mark.parametrize("failures", [0, 3])
def test_expressions_are_promql(sli, failures, tmp_path):
    """With and without a guard, for each kind of SLI."""
    for alert in _alerts(_one(tmp_path, sli, alerting=f"      min_failures: {failures}\n")):
        assert isinstance(pq.parse(alert.expr), pq.BinaryExpr)


@pytest.mark.parametrize(
    ("sli", "failures", "guards"),
    [(EVENTS, 3, 2), (EVENTS, 0, 0), (IRATES, 3, 2), (MIXED, 3, 0), (RAW.replace("service", "route"), 3, 0)],
    ids=["events", "turned off", "not additive", "no unit, no count", "a ratio has no count"],
)
def test_guards_stand_where_events_can_be_counted(sli, failures, guards, tmp_path):
    """N for the quick pair and N + 1 for the slow one, each half an event lower: counts come from rates."""
    for alert in _alerts(_one(tmp_path, sli, alerting=f"      min_failures: {failures}\n")):
        assert alert.expr.count("\n    and") == 2 + guards
        if guards:
            assert alert.expr.count(f" > {failures - 0.5}\n") == alert.expr.count(f" > {failures + 0.5}\n") == 1


def test_a_guard_ignores_the_labels_that_event_records_lack(tmp_path):
    """User labels stand on ratios alone; without this, nothing would ever match."""
    one = _one(tmp_path, head="labels: {tier: '1', region: west}\n")
    assert all(alert.expr.count("and ignoring (tier)\n") == 2 for alert in _alerts(one))
