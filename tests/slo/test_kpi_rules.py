"""The records of a KPI, on the real promtool."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alerts import rule_files
from slo.artifact import ALERTS, RULES
from slo.errors import SpecErrors
from slo.load import load
from tools.install import find

SPEC = """\
version: prometheus/v1
service: orders
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(r_total{c="5"}[{{.window}}]))
        total_query: sum(rate(r_total[{{.window}}]))
    alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
kpis:
  - name: orders-per-minute
    title: Orders a minute
    query: sum(avg_over_time(orders[{{.window}}]))
    unit: orders/min
    better: higher
"""

WEEK = 7 * 24 * 60


def _expr_test(at: str, expr: str, value: float) -> str:
    samples = f"[{{labels: '{{}}', value: {value}}}]"
    return f"      - {{expr: 'sum({expr})', eval_time: {at}, exp_samples: {samples}}}\n"


@pytest.mark.parametrize("promtool", ["promtool", "promtool3"])
def test_baseline_is_the_median_of_the_same_hour(tmp_path: Path, promtool: str) -> None:
    """With 10, 30 and 20 in the last three weeks and 15 now, the baseline is 20 and the KPI a quarter below it."""
    (tmp_path / "orders.yaml").write_text(SPEC)
    catalogue = load([str(tmp_path / "orders.yaml")])
    (artifact,) = rule_files.build(catalogue, frozenset({RULES, ALERTS}))
    (tmp_path / "rules.yaml").write_text(artifact.text)
    half_hours = WEEK // 30
    weeks = " ".join(f"{level}+0x{half_hours - 1}" for level in (10, 30, 20))
    (tmp_path / "test.yaml").write_text(
        "rule_files: [rules.yaml]\nevaluation_interval: 30m\ntests:\n"
        f"  - interval: 30m\n    input_series: [{{series: orders, values: '{weeks} 15+0x20'}}]\n    promql_expr_test:\n"
        + _expr_test("21d5h", "kpi:value", 15)
        + _expr_test("21d5h", "kpi:baseline", 20)
        + _expr_test("21d5h", "kpi:deviation_ratio", -0.25)
    )
    binary = find(promtool)
    assert binary is not None
    done = subprocess.run(
        [str(binary), "test", "rules", "test.yaml"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


REFUSED = {
    "the same KPI twice": ("sum(avg_over_time(b[{{.window}}]))", "orders-per-minute", "stands in"),
    "a grouping by a label that the rules write": (
        "sum by (service) (avg_over_time(b[{{.window}}]))",
        "other",
        "groups by service",
    ),
}


@pytest.mark.parametrize(("query", "name", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_would_break_a_rule_file_is_a_fault(tmp_path: Path, query: str, name: str, message: str) -> None:
    """Prometheus would refuse the whole file, or the record would fail at its second series."""
    second = f"  - {{name: {name}, title: T, query: '{query}', unit: x, better: higher}}\n"
    (tmp_path / "orders.yaml").write_text(SPEC + second)
    with pytest.raises(SpecErrors, match=message) as refused:
        load([str(tmp_path / "orders.yaml")])
    assert [fault.line for fault in refused.value.faults] == [17]
