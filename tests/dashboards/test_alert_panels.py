"""Panels show the number that an alert reads, with the limit that it fires at: both from one field of the spec."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import alert_panels, application, business, index, recorded
from dashboards.alert_panels import bounds
from dashboards.model import Dashboard, Panel
from dashboards.queries import filled
from slo.alert_model import ThresholdAlert
from slo.catalogue import Catalogue
from tests.dashboards.documents import panels
from tools.install import find


def shown(dashboards: dict[str, Dashboard], alert: ThresholdAlert) -> list[Panel]:
    """The panels of the alert's dashboard that ask for its number."""
    return [
        panel
        for panel in dashboards[alert.dashboard].panels
        if any(recorded.read(alert.query) in query.expression for query in panel.queries)
    ]


def test_every_alert_is_shown_where_it_links_to(dashboards: dict[str, Dashboard], catalogue: Catalogue) -> None:
    """Its own number, of each service."""
    missing = {f"{alert.name} of {alert.service}" for alert in catalogue.alerts if not shown(dashboards, alert)}
    assert missing == set()
    assert len(catalogue.alerts) > 60


def test_every_limit_of_an_alert_is_the_limit_of_its_panel(
    dashboards: dict[str, Dashboard], catalogue: Catalogue
) -> None:
    """The value itself, beyond which the colour is the alert's; below a lower limit it is from the start."""
    compared = 0
    for alert in catalogue.alerts:
        for panel in shown(dashboards, alert):
            values = [limit.value for limit in panel.limits]
            if alert.above is not None:
                compared += 1
                assert values == [alert.above], alert.name
                assert panel.limits[0].colour == alert_panels.COLOURS[alert.severity]
            elif alert.below is not None:
                compared += 1
                assert values == [alert.below], alert.name
                assert panel.base == alert_panels.COLOURS[alert.severity]
    assert compared > 50


def changed(catalogue: Catalogue, name: str, **fields: Any) -> Catalogue:
    """*catalogue* with another spec of the alert *name*."""
    files = tuple(
        replace(
            file,
            alerts=tuple(replace(alert, **fields) if alert.name == name else alert for alert in file.alerts),
        )
        for file in catalogue.alert_files
    )
    return replace(catalogue, alert_files=files)


@pytest.mark.parametrize(
    ("name", "uid", "title"),
    [
        ("HighErrorRate", "tw-application", "Errors by service"),
        ("HighErrorRate", "tw-oncall", "Failed requests, by service"),
        ("HighErrorRate", "tw-service-orders", "Errors by service"),
        ("DatabasePoolExhausted", "tw-database", "Connection pool in use"),
        ("HighCPU", "tw-kubernetes", "CPU"),
        ("ReplicationLag", "tw-database", "Replication lag"),
        ("Oversold", "tw-business", "Oversold"),
    ],
)
def test_a_changed_limit_changes_every_panel_that_draws_it(
    catalogue: Catalogue, name: str, uid: str, title: str
) -> None:
    """Nothing to change beside the spec."""
    other = Decimal("0.123")
    found = {each.uid: each for each in index.dashboards(changed(catalogue, name, above=other))}
    drawn = [[limit.value for limit in panel.limits] for panel in found[uid].panels if panel.title == title]
    assert [other] in drawn


@pytest.mark.parametrize(
    ("uid", "title", "condition"),
    [
        ("tw-service-orders", "Traffic gone", "unless"),
        ("tw-application", "Job late", "unless on (service, exported_job)"),
        ("tw-kubernetes", "Cron job late", "unless on (cluster, namespace, cronjob)"),
    ],
)
def test_what_an_alert_excludes_does_not_look_like_trouble(
    dashboards: dict[str, Dashboard], uid: str, title: str, condition: str
) -> None:
    """What is usual is no outage, and a nightly job not late at noon: 0 stands there, below the limit."""
    (panel,) = [each for each in dashboards[uid].panels if each.title == title]
    (query,) = panel.queries
    assert condition in query.expression
    assert "or 0 * (" in query.expression


def test_an_alert_without_a_number_is_counted(dashboards: dict[str, Dashboard]) -> None:
    """It returns nothing when all is well: 0 says so, where an empty panel would say nothing."""
    (panel,) = [each for each in dashboards["tw-database"].panels if each.title == "Postgres down"]
    assert panel.kind == "stat"
    assert panel.queries[0].expression.endswith("or vector(0)")
    assert [limit.value for limit in panel.limits] == [1]


def test_a_long_window_is_asked_for_one_moment(dashboards: dict[str, Dashboard]) -> None:
    """Six hours of a disk for each point of a line would cost more than the alert itself."""
    (panel,) = [each for each in dashboards["tw-kubernetes"].panels if each.title == "Disk filling up"]
    assert "[6h]" in panel.queries[0].expression
    assert (panel.kind, panel.queries[0].instant) == ("bar_gauge", True)


def test_only_chosen_clusters_are_shown(dashboards: dict[str, Dashboard]) -> None:
    """Where the alert tells clusters apart."""
    for title in ("High memory", "Cron job late", "Certificate expiring"):
        (panel,) = [each for each in dashboards["tw-kubernetes"].panels if each.title == title]
        assert 'up{cluster=~"$cluster"}' in panel.queries[0].expression
    assert panel.queries[0].expression.endswith('and on (cluster) group by (cluster) (up{cluster=~"$cluster"})')
    (panel,) = [each for each in dashboards["tw-business"].panels if each.title == "Unknown payments ageing"]
    assert "$cluster" not in panel.queries[0].expression


def test_counts_are_of_the_chosen_clusters(dashboards: dict[str, Dashboard], tmp_path: Path) -> None:
    """Alerts without a number too; also of a cluster that is gone as a whole, so that nothing of it has an `up`."""
    series = {
        'pg_up{cluster="east",instance="a"}': "0x20",
        'pg_up{cluster="east",instance="b"}': "0x20",
        'pg_up{cluster="west",instance="a"}': "0x20",
        'pg_up{cluster="west",instance="b"}': "1x20",
    }
    (asked,) = [
        panel.queries[0].expression for panel in dashboards["tw-database"].panels if panel.title == "Postgres down"
    ]
    wanted = {"east": 2, "west": 1, "(east|west)": 3, ".*": 3, "north": 0}
    cases = [
        {
            "expr": filled(asked, {"cluster": cluster}),
            "eval_time": "10m",
            "exp_samples": [{"labels": "{}", "value": number}],
        }
        for cluster, number in wanted.items()
    ]
    assert evaluated(series, cases, tmp_path) == ""


@pytest.mark.parametrize(
    ("uid", "title"),
    [
        ("tw-database", "Postgres down"),
        ("tw-database", "Redis down"),
        ("tw-kubernetes", "Node not ready"),
        ("tw-kubernetes", "Node unreachable"),
        ("tw-kubernetes", "HPA at maximum"),
        ("tw-application", "Service down"),
    ],
)
def test_every_count_that_can_follows_the_chosen_clusters(
    dashboards: dict[str, Dashboard], uid: str, title: str
) -> None:
    """Each alert whose result has the label."""
    (panel,) = [each for each in dashboards[uid].panels if each.title == title]
    assert '"cluster", "$cluster")' in panel.queries[0].expression


def evaluated(series: dict[str, str], cases: list[dict[str, Any]], folder: Path) -> str:
    """promtool's word on these cases; "" where each is as expected."""
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": cases,
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_a_limit_on_a_distance_holds_both_ways(catalogue: Catalogue) -> None:
    """Without the alert there is none in either direction."""
    drawn = alert_panels.both_ways(
        changed(catalogue, "RequestRateDeviation", above=Decimal("0.3")), "RequestRateDeviation"
    )
    assert [limit.value for limit in drawn.limits] == [Decimal("-0.3"), Decimal("0.3")]
    assert alert_panels.both_ways(replace(catalogue, alert_files=()), "RequestRateDeviation").limits == ()


def test_descriptions_name_no_template_and_no_single_service_for_all(dashboards: dict[str, Dashboard]) -> None:
    """What a label would say is shown as a blank to fill in; a panel of all services speaks of none."""
    for panel in dashboards[application.UID].panels:
        assert "{{" not in panel.description
    (panel,) = [each for each in dashboards[application.UID].panels if each.title == "High error rate"]
    assert "the service" in panel.description
    assert "catalog" not in panel.description
    assert "above 2 % for 5m" in panel.description


def test_alerts_have_their_runbook_beside_them(documents: dict[str, dict[str, Any]]) -> None:
    """On the panel, one click away."""
    for panel in panels(documents["grafana/tw-mesh.json"]):
        if panel["title"] == "Mesh error rate":
            urls = [link["url"] for link in panel["fieldConfig"]["defaults"]["links"]]
            assert urls == ["https://runbooks.tillwatch.example/MeshErrorRate"]
            return
    pytest.fail("no such panel")


def test_without_alerts_there_are_no_limits(catalogue: Catalogue) -> None:
    """Whoever has other alerts has no limits that nobody set."""
    none = replace(catalogue, alert_files=())
    assert bounds(none, "HighErrorRate").limits == ()
    assert alert_panels.of_dashboard(none, business.UID) == ()


def test_a_count_that_must_be_nought_is_well_at_nought(catalogue: Catalogue) -> None:
    """Grafana colours from a limit on, and an alert fires beyond it."""
    (limit,) = bounds(catalogue, "PrometheusRuleFailures").limits
    assert (limit.value, limit.least > 0) == (0, True)
    (share,) = bounds(catalogue, "HighErrorRate").limits
    assert share.least == float(share.value)
