"""alerts.rule_files: records and alerts of a file of specs become one file of rules."""

import pytest
import yaml

from alerts import rule_files
from slo.artifact import ALERTS, RULES, TESTS
from slo.load import load
from tests.slo.answers import BOTH_PROMTOOLS, catalogue, check, document, slo, sloth

QUIET = "      page_alert: {disable: true}\n      ticket_alert: {disable: true}\n"
KPI = """
kpis:
  - name: orders
    title: Orders
    query: sum(rate(orders_total[{{.window}}]))
    unit: orders/s
    better: higher
"""


def _built(text: str, folder, kinds=frozenset({RULES, ALERTS}), engine=None):
    return list(rule_files.build(catalogue(text, folder, "orders.yaml"), kinds, engine))


def _groups(artifact):
    return yaml.load(artifact.text, Loader=yaml.CSafeLoader)["groups"] or []


def _kinds(artifact):
    return {
        kind for group in _groups(artifact) for rule in group["rules"] for kind in ("record", "alert") if kind in rule
    }


def test_the_file_is_named_for_its_spec_and_says_where_it_is_from(tmp_path):
    """One document of YAML, for Prometheus reads no second one."""
    (made,) = _built("---\n" + document(slo()) + "---\n" + document(slo(), service="till"), tmp_path)
    assert made.path == "prometheus/rules/orders.yaml"
    assert made.text.startswith("# Generated from orders.yaml by ./generate.py, do not edit.\ngroups:\n")
    assert "\n---" not in made.text


def test_each_file_of_specs_has_its_own(tmp_path):
    """In the order in which files were found."""
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text(document(slo(), service=f"shop-{name[0]}"))
    made = rule_files.build(load([str(tmp_path)]), frozenset({RULES, ALERTS}))
    assert [artifact.path for artifact in made] == ["prometheus/rules/a.yaml", "prometheus/rules/b.yaml"]


@pytest.mark.parametrize("engine", [None, "sloth"], ids=["native", "sloth"])
@pytest.mark.parametrize(
    ("kinds", "found"),
    [({RULES}, {"record"}), ({ALERTS}, {"alert"}), ({RULES, ALERTS}, {"record", "alert"})],
    ids=["records", "alerts", "both"],
)
def test_only_what_was_asked_for_is_written(kinds, found, engine, tmp_path):
    """No group is left empty."""
    (made,) = _built(document(slo()), tmp_path, frozenset(kinds), sloth() if engine else None)
    assert _kinds(made) == found
    assert all(group["rules"] for group in _groups(made))


def test_alerts_stand_behind_the_records_that_they_read(tmp_path):
    """The page in the fast group, the ticket in that of the period: an alert in a third group would lag."""
    (made,) = _built(document(slo()), tmp_path)
    found = {
        group["name"]: [(r["labels"]["sloth_severity"], r["alert"]) for r in group["rules"] if "alert" in r]
        for group in _groups(made)
    }
    assert found == {
        "sloth-slo-sli-recordings-shop-requests": [("page", "Burning"), ("page", "BurningAbsent")],
        "sloth-slo-period-recordings-shop-requests": [("ticket", "Burning")],
        "sloth-slo-meta-recordings-shop-requests": [],
    }
    for group in _groups(made):
        assert sorted(group["rules"], key=lambda rule: "alert" in rule) == group["rules"]


def test_an_slo_that_tells_nobody_has_records_alone(tmp_path):
    """Not even that its SLI has disappeared."""
    (made,) = _built(document(slo(alerting=QUIET)), tmp_path)
    assert _kinds(made) == {"record"}


@pytest.mark.parametrize("tool", BOTH_PROMTOOLS)
def test_a_file_without_anything_to_write_is_still_one_that_prometheus_reads(tool, tmp_path):
    """Alerts alone of an SLO without alerts."""
    (made,) = _built(document(slo(alerting=QUIET)), tmp_path, frozenset({ALERTS}))
    (tmp_path / "rules.yaml").write_text(made.text)
    assert check(tool, tmp_path / "rules.yaml").returncode == 0


@pytest.mark.parametrize("engine", [None, "sloth"], ids=["native", "sloth"])
def test_kpis_stand_behind_the_slos_of_their_file(engine, tmp_path):
    """Under either engine, with the records and not with the alerts."""
    text = document(slo()) + KPI
    (made,) = _built(text, tmp_path, engine=sloth() if engine else None)
    assert "kpi" in _groups(made)[-1]["name"]
    (alerts,) = _built(text, tmp_path, frozenset({ALERTS}), sloth() if engine else None)
    assert not any("kpi" in group["name"] for group in _groups(alerts))


def test_unit_tests_are_the_native_engines(tmp_path):
    """They forecast what our rules do; sloth's behave otherwise."""
    asked = frozenset({RULES, ALERTS, TESTS})
    native, theirs = (_built(document(slo()), tmp_path, asked, engine) for engine in (None, sloth()))
    assert any("/tests/" in artifact.path for artifact in native)
    assert [artifact.path for artifact in theirs] == ["prometheus/rules/orders.yaml"]


# --- the real sloth's rules, with ours --------------------------------------------------------------------------


def test_sloths_alerts_get_the_labels_of_routes(tmp_path):
    """A page of the real sloth is routed like ours."""
    text = document(slo(alerting="      page_alert: {labels: {severity: pageteam}}\n"), head="team: till\n")
    (made,) = _built(text, tmp_path, engine=sloth())
    alerts = [rule for group in _groups(made) for rule in group["rules"] if "alert" in rule]
    labels = [(a["labels"]["sloth_severity"], a["labels"]["severity"], a["labels"]["team"]) for a in alerts]
    assert labels == [("page", "pageteam", "till"), ("ticket", "ticket", "till"), ("page", "pageteam", "till")]


@pytest.mark.parametrize(
    ("sli", "expr"),
    [
        ("", "absent(sum(rate(requests_total[5m])))"),
        ("\n      raw: {error_ratio_query: 'avg_over_time(share[{{.window}}])'}", "absent(avg_over_time(share[5m]))"),
    ],
    ids=["events", "a raw ratio"],
)
def test_beside_sloth_the_absent_alert_asks_the_query_itself(sli, expr, tmp_path):
    """sloth records no total."""
    (made,) = _built(document(slo(sli=sli) if sli else slo()), tmp_path, engine=sloth())
    (alert,) = [rule for group in _groups(made) for rule in group["rules"] if rule.get("alert") == "BurningAbsent"]
    assert (alert["expr"], alert["for"]) == (expr, "10m")


def test_an_alert_of_a_plugin_is_a_ticket_unless_it_says_otherwise(tmp_path):
    """sloth's own plugins set no severity, and every alert must be routed."""
    plugin = "{id: sloth.dev/contrib/error_budget_exhausted_alert/v1, priority: 9, config: {alert_name: Spent}}"
    text = document(slo(more=f"    plugins: {{chain: [{plugin}]}}\n"))
    (made,) = _built(text, tmp_path, engine=sloth())
    (spent,) = [rule for group in _groups(made) for rule in group["rules"] if rule.get("alert") == "Spent"]
    assert spent["labels"] == {"service": "shop", "slo": "requests", "severity": "ticket"}
