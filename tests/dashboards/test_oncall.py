"""On-call's page: what fires is on top, each alert with its runbook, its dashboard and a silence."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import oncall, slo_overview
from dashboards.model import GREEN, ORANGE, YELLOW, Dashboard, Panel
from dashboards.preview_numbers import colour
from dashboards.queries import queries
from slo.catalogue import Catalogue
from tools.install import find


@pytest.fixture(scope="module")
def board(catalogue: Catalogue) -> Dashboard:
    """The page."""
    return oncall.build(catalogue)


def pages(board: Dashboard) -> Panel:
    """The table of pages."""
    return next(panel for panel in board.panels if panel.title == "Pages that fire")


def test_what_fires_stands_first(board: Dashboard) -> None:
    """Counts, then pages, then tickets; before anything that explains them."""
    titles = [panel.title for panel in board.rows[0].panels]
    assert titles[:2] == ["Pages", "Tickets"]
    assert titles.index("Pages that fire") < titles.index("Tickets that fire")
    assert board.rows[-1].title == "Do the alarms work?"


def test_each_alert_leads_on(board: Dashboard) -> None:
    """To its runbook, to where it is shown, and to a silence with its matchers filled in."""
    (alert,) = [column for column in pages(board).columns if column.title == "Alert"]
    addresses = {link.title: link.url for link in alert.links}
    assert addresses["Runbook"] == "https://runbooks.tillwatch.example/${__data.fields.alertname:percentencode}"
    assert addresses["Dashboard"].startswith("/d/${__data.fields.dashboard:percentencode}?")
    assert "matcher=alertname%3D${__data.fields.alertname:percentencode}" in addresses["Silence"]


def test_links_of_a_table_read_fields_that_it_shows(documents: dict[str, dict[str, Any]]) -> None:
    """A field that the table leaves out is empty in the address."""
    from tests.dashboards.documents import panels

    seen = 0
    for document in documents.values():
        for panel in panels(document):
            if panel["type"] == "table":
                (kept,) = [each for each in panel["transformations"] if each["id"] == "filterFieldsByName"]
                used = set(re.findall(r"__data\.fields\.(\w+)", str(panel["fieldConfig"])))
                assert used <= set(kept["options"]["include"]["names"]), panel["title"]
                seen += len(used)
    assert seen > 10


def evaluated(
    board: Dashboard,
    tmp_path: Path,
    series: dict[str, str],
    expected: list[dict[str, Any]],
    *,
    panel: str = "Pages that fire",
    ref_id: str = "A",
    at: str = "10m",
    **chosen: str,
) -> str:
    """promtool's word on what a table shows after *at* of *series*; "" where it is as *expected*."""
    asked = queries([board], chosen)
    expression = next(each.expression for each in asked if (each.panel, each.ref_id) == (panel, ref_id))
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": at, "exp_samples": expected}],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


FIRING = {
    'ALERTS{alertname="DiskSpaceLow",alertstate="firing",severity="page",service="kubernetes",team="platform"}': "1x20",
    'ALERTS_FOR_STATE{alertname="DiskSpaceLow",severity="page",service="kubernetes",team="platform"}': "120x20",
    'ALERTS{alertname="OrdersLatency",alertstate="firing",severity="page",service="orders",slo="latency"}': "1x20",
    'ALERTS_FOR_STATE{alertname="OrdersLatency",severity="page",service="orders",slo="latency"}': "300x20",
    'ALERTS{alertname="HighCPU",alertstate="firing",severity="ticket",service="kubernetes"}': "1x20",
    'ALERTS_FOR_STATE{alertname="HighCPU",severity="ticket",service="kubernetes"}': "0x20",
    'ALERTS{alertname="TrafficGone",alertstate="pending",severity="page",service="orders"}': "1x20",
    'ALERTS_FOR_STATE{alertname="TrafficGone",severity="page",service="orders"}': "0x20",
}


def test_pages_that_fire_come_with_their_time_and_dashboard(board: Dashboard, tmp_path: Path) -> None:
    """For how many seconds each has been true; no ticket, and nothing that is only pending."""
    expected = [
        {
            "labels": '{alertname="DiskSpaceLow",severity="page",service="kubernetes",team="platform",'
            'dashboard="tw-kubernetes"}',
            "value": 480,
        },
        {
            "labels": '{alertname="OrdersLatency",severity="page",service="orders",slo="latency",'
            'dashboard="tw-slo-detail"}',
            "value": 300,
        },
    ]
    assert evaluated(board, tmp_path, FIRING, expected) == ""
    assert "FAILED" in evaluated(board, tmp_path, FIRING, expected[:1])


def test_kpis_lead_to_their_dashboard(board: Dashboard, tmp_path: Path) -> None:
    """Whichever of a KPI's two alerts it is."""
    series = {
        f'{metric}{{alertname="{alert}",{state}severity="page",service="orders"}}': values
        for alert in ("RefundsDeviation", "RefundsLimit")
        for metric, state, values in (("ALERTS", 'alertstate="firing",', "1x20"), ("ALERTS_FOR_STATE", "", "0x20"))
    }
    expected = [
        {
            "labels": f'{{alertname="{alert}",severity="page",service="orders",dashboard="tw-business"}}',
            "value": 600,
        }
        for alert in ("RefundsDeviation", "RefundsLimit")
    ]
    assert evaluated(board, tmp_path, series, expected) == ""


@pytest.mark.parametrize(("deviation", "calm"), [(-1, False), (-0.6, False), (-0.4, True), (0.4, True), (0.6, False)])
def test_traffic_that_collapses_is_no_more_green_than_traffic_that_grows(
    board: Dashboard, deviation: float, *, calm: bool
) -> None:
    """The alert is on the distance from what is usual; the line has a sign."""
    (panel,) = [each for each in board.panels if each.title == "Requests against what is usual"]
    assert (colour(deviation, panel.base, panel.limits) == GREEN) is calm


@pytest.mark.parametrize(
    ("panel", "series"),
    [
        ("Requests against what is usual", 'kpi:deviation_ratio{kpi="request-rate",service="orders",cluster="east"}'),
        ("Injected faults", 'shop_fault_active{job="orders",cluster="east"}'),
        ("Watchdog", 'ALERTS{alertname="Watchdog",alertstate="firing",cluster="east"}'),
    ],
    ids=["deviation", "faults", "watchdog"],
)
def test_another_cluster_is_not_shown(board: Dashboard, tmp_path: Path, panel: str, series: str) -> None:
    """Of the chosen one, what it has; of another nothing, or 0."""
    labels = '{service="orders"}' if "deviation" in series else "{}"
    there = [{"labels": labels, "value": 1}]
    elsewhere = [] if "deviation" in series else [{"labels": "{}", "value": 0}]
    assert evaluated(board, tmp_path, {series: "1x20"}, there, panel=panel, cluster="east") == ""
    assert evaluated(board, tmp_path, {series: "1x20"}, elsewhere, panel=panel, cluster="west") == ""


def test_a_deploy_is_shown_with_its_age(board: Dashboard, tmp_path: Path) -> None:
    """Counted over all of a version's pods; one that no longer runs is gone, one that always ran is a day old."""
    series = {
        'app_build_info{service="orders",version="1",revision="a",instance="x"}': "1x1469 stale",
        'app_build_info{service="orders",version="2",revision="b",instance="y"}': "_x1470 1x20 stale",
        'app_build_info{service="orders",version="2",revision="b",instance="z"}': "_x1480 1x40",
        'app_build_info{service="users",version="1",revision="a",instance="x"}': "1x1600",
    }
    expected = [
        {"labels": '{service="orders",version="2",revision="b"}', "value": 30 * 60},
        {"labels": '{service="users",version="1",revision="a"}', "value": 24 * 3600},
    ]
    title = "Deploys, the newest first"
    assert evaluated(board, tmp_path, series, expected, panel=title, ref_id="B", at="1500m") == ""
    (panel,) = [each for each in board.panels if each.title == title]
    assert (panel.sort_by, panel.descending) == ("Since", False)
    (since,) = [column for column in panel.columns if column.title == "Since"]
    assert [colour(age, since.base, since.limits) for age in (60, 7200, 86_400)] == [ORANGE, YELLOW, "text"]


def test_numbers_over_a_window_are_asked_for_one_moment(board: Dashboard) -> None:
    """Of the alarms themselves: each rule's counter for each point of a line would cost more than all the rest."""
    windowed = [panel for panel in board.rows[-1].panels if re.search(r"\[5m\]", panel.queries[0].expression)]
    assert "Prometheus rule failures" in {panel.title for panel in windowed}
    assert [panel.title for panel in windowed if not panel.queries[0].instant] == []


def test_spent_budgets_have_one_colour(board: Dashboard, catalogue: Catalogue) -> None:
    """Here, on the overview, and in the tables' columns."""
    counts = [
        panel
        for each in (board, slo_overview.build(catalogue))
        for panel in each.panels
        if panel.title == "Budgets spent"
    ]
    columns = [
        column
        for each in (board, slo_overview.build(catalogue))
        for panel in each.panels
        for column in panel.columns
        if column.title in ("Budget left", "Requests that may still fail")
    ]
    assert len(counts) == 2
    assert len(columns) == 3
    assert {colour(1, panel.base, panel.limits) for panel in counts} == {slo_overview.SPENT}
    assert {colour(-22, column.base, column.limits) for column in columns} == {slo_overview.SPENT}
