"""Pages about what no test runs (a cluster, a mesh, PostgreSQL) have data for series as their exporters write them."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from dashboards.model import Dashboard
from dashboards.queries import Asked, offered, queries
from tests.contract.selectors import listed, listed_faults, named
from tools.install import find

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
# What the shop and the rules show; a running shop and its Prometheus answer those.
SHOPS = re.compile(r"\b(http_|db_client|shop_|app_build_info|slo:|kpi:|circuit_|client_)")
PAGES = ("tw-kubernetes", "tw-mesh", "tw-database", "tw-oncall")


@pytest.fixture(scope="module")
def series() -> dict[str, str]:
    """Each series of the examples, and its values."""
    document = yaml.safe_load((HERE / "examples.yaml").read_text(encoding="utf-8"))
    return {str(name): str(values) for name, values in document["series"].items()}


def asked(dashboards: dict[str, Dashboard]) -> list[Asked]:
    """What the four pages ask of others than the shop, what their variables offer as well."""
    boards = [dashboards[uid] for uid in PAGES]
    return [
        each
        for each in (*queries(boards), *offered(boards))
        if each.datasource == "prometheus" and not SHOPS.search(each.expression)
    ]


def without_data(found: list[Asked], series: dict[str, str], folder: Path) -> set[str]:
    """Those of *found* that return no number after three hours of *series*, by a real Prometheus' evaluation."""
    cases: list[dict[str, Any]] = [
        {
            # NaN and ∞ are no data: neither is less than ∞ and more than -∞.
            "expr": f"clamp_max(count((\n{each.expression}\n) > -Inf < Inf), 1)",
            "eval_time": "3h",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
        for each in found
    ]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": cases,
    }
    file = folder / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "got: nil" in done.stdout + done.stderr, done.stdout + done.stderr
    failed = re.findall(r'expr: "((?:[^"\\]|\\.)*)"', done.stdout + done.stderr)
    told = {each.encode().decode("unicode_escape") for each in failed}
    return {
        f"{each.dashboard}: {each.panel} {each.ref_id}"
        for each, case in zip(found, cases, strict=True)
        if case["expr"] in told
    }


def test_every_question_is_answered(dashboards: dict[str, Dashboard], series: dict[str, str], tmp_path: Path) -> None:
    """None of them stays empty."""
    found = asked(dashboards)
    assert without_data(found, series, tmp_path) == set()
    assert len(found) > 80


def test_a_missing_metric_leaves_its_panels_empty(
    dashboards: dict[str, Dashboard], series: dict[str, str], tmp_path: Path
) -> None:
    """The test above can fail."""
    fewer = {name: values for name, values in series.items() if not name.startswith("pilot_xds_pushes")}
    assert without_data(asked(dashboards), fewer, tmp_path) == {"tw-mesh: Pushes A"}


@pytest.mark.parametrize("nothing", ["0 * up / 0", "up / 0", "-up / 0"], ids=["NaN", "∞", "-∞"])
def test_what_is_no_number_is_no_data(nothing: str, tmp_path: Path) -> None:
    """A share of nothing draws nothing."""
    asked_for = Asked(
        dashboard="tw-x",
        panel="P",
        kind="stat",
        ref_id="A",
        datasource="prometheus",
        expression=nothing,
        instant=True,
        collapsed=False,
    )
    known = {'up{job="a"}': "1x200"}
    assert without_data([asked_for], known, tmp_path) == {"tw-x: P A"}
    assert without_data([replace(asked_for, expression="up")], known, tmp_path) == set()


def test_examples_have_labels_that_their_exporters_write(series: dict[str, str]) -> None:
    """As the lists of metrics have them, or the examples would prove nothing."""
    lists = [
        listed(yaml.safe_load((ROOT / file).read_text(encoding="utf-8")))
        for file in ("alerts/metrics.yaml", "dashboards/metrics.yaml")
    ]
    faults = []
    for name in series:
        (selector,) = named(name)
        known = [metrics[selector.metric] for metrics in lists if selector.metric in metrics]
        assert known, name
        if all(list(listed_faults(selector, metric)) for metric in known):
            faults.append(name)
    assert faults == []
