"""On-call's page: what fires is on top, each alert with its runbook, its dashboard and a silence."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards import oncall
from dashboards.model import Dashboard, Panel
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


def evaluated(board: Dashboard, tmp_path: Path, series: dict[str, str], expected: list[dict[str, Any]]) -> str:
    """promtool's word on what the table of pages shows after ten minutes of *series*; "" where it is as *expected*."""
    expression = next(each.expression for each in queries([board]) if each.panel == "Pages that fire")
    case = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": expression, "eval_time": "10m", "exp_samples": expected}],
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
