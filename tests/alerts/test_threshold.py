"""alerts.threshold, alerts.threshold_tests and alerts.links: what an alert's file becomes, on the real promtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from alerts import links, rule_files, threshold
from slo.artifact import ALERTS, RULES, TESTS
from slo.load import load
from slo.routing_model import Links
from tests.slo.spec_texts import spec
from tools.install import find

ADDRESSES = Links(
    runbook="https://runbooks.example/{alert}.md", dashboards="https://grafana.example", folder="runbooks"
)
FILE = """\
version: tillwatch/alerts/v1
team: platform
service: machines
alerts:
  - name: HighLoad
    severity: page
    query: max by (instance, path) (load)
    above: 0.85
    for: 2m
    keep_firing_for: 3m
    unit: ratio
    summary: 'Load of {{ $labels.instance }} is {{ $value | humanizePercentage }}.'
    description: Work waits on {{ $labels.instance }}{{ $labels.path }}.
    dashboard: tw-kubernetes
    variables: {instance: '{{ $labels.instance }}', path: '{{ $labels.path }}', view: load & more}
    labels: {place: 'rack {{ $labels.instance }}'}
    cases:
      - name: busy, then idle
        series: {'load{instance="a b:1",path="/x?y=ü&z"}': '0.5 0.95x9 0x20'}
        fires_at: 3m
        alerts: [{labels: {instance: 'a b:1', path: '/x?y=ü&z'}, summary: 'Load of a b:1 is 95%.'}]
        resolves_at: 14m
        silent_at: [1m, 20m]
      - name: idle
        series: {'load{instance="a",path=""}': '0x30'}
        silent_at: [20m]
"""


def _built(folder: Path, text: str = FILE) -> Path:
    """Rules and tests of *text* on disk, with links; the file of its tests."""
    (folder / "runbooks").mkdir(exist_ok=True)
    for name in ("HighLoad", "Orders", "OrdersAbsent"):
        (folder / "runbooks" / f"{name}.md").touch()
    routing = yaml.safe_dump(
        {
            "teams": {"platform": {"description": "Machines."}},
            "links": {"runbook": ADDRESSES.runbook, "dashboards": ADDRESSES.dashboards},
        }
    )
    for name, content in (("orders.yaml", spec()), ("high.yaml", text), ("routing.yaml", routing)):
        (folder / name).write_text(content)
    catalogue = load([str(folder / "orders.yaml")], str(folder / "routing.yaml"), str(folder / "high.yaml"))
    for made in rule_files.build(catalogue, frozenset({RULES, ALERTS, TESTS})):
        path = folder / made.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made.text)
    return folder / "prometheus/tests/alerts-high.1m.yaml"


def _promtool(binary: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    found = find(binary)
    assert found is not None
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("promtool", ["promtool", "promtool3"])
def test_cases_hold_on_the_real_promtool(tmp_path: Path, promtool: str) -> None:
    """Labels, summary, description and addresses are rendered as Prometheus renders them, whatever a label holds."""
    done = _promtool(promtool, "test", "rules", _built(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    text = (tmp_path / "prometheus/tests/alerts-high.1m.yaml").read_text()
    assert "var-instance=a+b%3A1&var-path=%2Fx%3Fy%3D%C3%BC%26z" in text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("fires_at: 3m", "fires_at: 4m"),
        ("fires_at: 3m", "fires_at: 2m"),
        ("resolves_at: 14m", "resolves_at: 13m"),
        ("resolves_at: 14m", "resolves_at: 15m"),
        ("silent_at: [1m, 20m]", "silent_at: [5m]"),
        ("is 95%", "is 96%"),
        ("labels: {instance: 'a b:1', path", "labels: {instance: 'a b:2', path"),
    ],
    ids=[
        "later",
        "earlier",
        "over before",
        "over later",
        "silence while it fires",
        "another number",
        "another machine",
    ],
)
def test_a_case_that_does_not_hold_fails(tmp_path: Path, before: str, after: str) -> None:
    """By one evaluation, one per cent or one label."""
    assert before in FILE
    assert _promtool("promtool", "test", "rules", _built(tmp_path, FILE.replace(before, after))).returncode != 0


def test_the_rule_carries_what_routes_read(tmp_path: Path) -> None:
    """Service, severity and team beside its own labels; for and keep_firing_for as declared."""
    _built(tmp_path)
    (group,) = yaml.safe_load((tmp_path / "prometheus/rules/alerts-high.yaml").read_text())["groups"]
    (rule,) = group["rules"]
    assert (group["name"], group["interval"]) == ("alerts-high", "30s")
    assert rule["labels"] == {
        "place": "rack {{ $labels.instance }}",
        "service": "machines",
        "severity": "page",
        "team": "platform",
    }
    assert (rule["for"], rule["keep_firing_for"]) == ("2m", "3m")
    assert rule["annotations"]["runbook_url"] == "https://runbooks.example/HighLoad.md"
    assert rule["annotations"]["dashboard_url"] == (
        "https://grafana.example/d/tw-kubernetes?var-instance={{ $labels.instance | urlquery }}"
        "&var-path={{ $labels.path | urlquery }}&var-service=machines&var-view=load%20%26%20more&from=now-3h&to=now"
    )


def test_a_group_holds_no_more_than_a_ruler_takes(tmp_path: Path) -> None:
    """Twenty rules; the order of the alerts stays."""
    names = [f"HighLoad{number}" for number in range(45)]
    head, alert = FILE.split("alerts:\n")
    text = f"{head}alerts:\n" + "".join(
        alert.replace("name: HighLoad", f"name: {name}").replace("(load)", f"(load_{name})") for name in names
    )
    (tmp_path / "high.yaml").write_text(text)
    (tmp_path / "orders.yaml").write_text(spec())
    catalogue = load([str(tmp_path / "orders.yaml")], None, str(tmp_path / "high.yaml"))
    groups = threshold.groups(catalogue.alert_files[0], None)
    assert [len(group.rules) for group in groups] == [20, 20, 5]
    assert [rule.name for group in groups for rule in group.rules] == names
    assert len({group.name for group in groups}) == 3


def test_without_a_place_for_them_there_are_no_links() -> None:
    """Somebody who gives specs alone gets no addresses that lead nowhere."""
    assert links.linked(None, "HighLoad", "tw-kubernetes") == ()
