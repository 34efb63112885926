"""The records of a KPI, on the real promtool."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slo import kpi_rules, rule
from slo.errors import SpecErrors
from slo.load import load
from slo.rule_context import SLOW_SECONDS
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
SHARE = """\
  - name: share
    title: A share
    query: sum(rate(bought[{{.window}}])) / sum(rate(asked[{{.window}}]))
    unit: ratio
    better: higher
"""
OTHER = """\
  - name: by-cluster
    title: Orders a minute, by cluster
    query: sum by (cluster) (avg_over_time(orders[{{.window}}]))
    unit: orders/min
    better: higher
"""

HOURS_A_DAY = 24
WEEK = 7 * HOURS_A_DAY

Run = Callable[..., None]
"""Takes a KPI's spec, how far apart samples are, series with their values, and what expressions answer when."""


@pytest.fixture(params=["promtool", "promtool3"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Holds the rules of a spec against what is expected, on either promtool."""

    def checked(spec: str, step: str, series: dict[str, str], expected: list[tuple[str, str, float | None]]) -> None:
        (tmp_path / "orders.yaml").write_text(spec)
        kpis = [kpi for read in load([str(tmp_path / "orders.yaml")]).specs for kpi in read.kpis]
        (tmp_path / "rules.yaml").write_text(rule.to_yaml(map(kpi_rules.group, kpis)))
        inputs = "".join(f"      - {{series: '{name}', values: '{values}'}}\n" for name, values in series.items())
        (tmp_path / "test.yaml").write_text(
            f"rule_files: [rules.yaml]\nevaluation_interval: {step}\ntests:\n"
            f"  - interval: {step}\n    input_series:\n{inputs}    promql_expr_test:\n"
            + "".join(_expected(*each) for each in expected)
        )
        binary = find(request.param)
        assert binary is not None
        command = [str(binary), "test", "rules", "test.yaml"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    return checked


def _expected(at: str, expr: str, value: float | None) -> str:
    samples = "[]" if value is None else f"[{{labels: '{{}}', value: {value}}}]"
    return f"      - {{expr: 'sum({expr})', eval_time: {at}, exp_samples: {samples}}}\n"


def test_baseline_is_the_median_of_the_same_hour(run: Run) -> None:
    """With 10, 30 and 20 in the last three weeks and 15 now, the baseline is 20 and the KPI a quarter below it."""
    half_hours = 2 * WEEK
    weeks = " ".join(f"{level}+0x{half_hours - 1}" for level in (10, 30, 20))
    run(
        SPEC,
        "30m",
        {"orders": f"{weeks} 15+0x20"},
        [
            ("21d5h", "kpi:value", 15),
            ("21d5h", "kpi:baseline", 20),
            ("21d5h", "kpi:baseline_weeks", 3),
            ("21d5h", "kpi:deviation_ratio", -0.25),
        ],
    )


def test_the_hour_lies_around_the_moment(run: Run) -> None:
    """Where a day's traffic rises, the hour that ended at the moment would be half an hour late."""
    run(SPEC, "1h", {"orders": f"0+1x{WEEK + 5}"}, [(f"{WEEK + 3}h", "kpi:baseline", 3)])


def test_a_short_history_is_told(run: Run) -> None:
    """Before a week the last day's average stands in, of 0 weeks; then as many weeks count as there are."""
    values = f"4+0x{2 * HOURS_A_DAY - 1} 8+0x{WEEK - 2 * HOURS_A_DAY - 1} 12+0x{WEEK - 1} 20+0x{2 * WEEK}"
    run(
        SPEC,
        "1h",
        {"orders": values},
        [
            ("5d", "kpi:baseline", 8),
            ("5d", "kpi:baseline_weeks", 0),
            ("8d", "kpi:baseline", 4),
            ("8d", "kpi:baseline_weeks", 1),
            ("15d", "kpi:baseline", 8),
            ("15d", "kpi:baseline_weeks", 2),
            ("22d", "kpi:baseline", 12),
            ("22d", "kpi:baseline_weeks", 3),
        ],
    )


def test_a_week_without_a_prometheus_is_left_out(run: Run) -> None:
    """The others are still compared with, and the number says that one is missing."""
    values = f"4+0x{WEEK - 1} _x{WEEK} 8+0x{WEEK + 30}"
    run(SPEC, "1h", {"orders": values}, [("22d", "kpi:baseline", 6), ("22d", "kpi:baseline_weeks", 2)])


def test_a_share_of_nothing_is_no_number(run: Run) -> None:
    """Neither NaN nor infinite: absent, so that neither its baseline nor its alert sees it; then it is back."""
    share = '{kpi="share"}'
    run(
        SPEC + SHARE,
        "1m",
        {"bought": "0+1x20 20+0x40 20+1x20", "asked": "0+2x20 40+0x40 40+2x20"},
        [
            ("20m", f"kpi:value{share}", 0.5),
            ("30m", f"count(kpi:value{share})", None),
            ("40m", f"kpi:deviation_ratio{share}", None),
            ("40m", f"kpi:baseline{share}", 0.5),
            ("80m", f"kpi:value{share}", 0.5),
            ("80m", f"kpi:baseline{share}", 0.5),
        ],
    )
    run(
        SPEC + SHARE,
        "1m",
        {"bought": "0+1x20", "asked": "0+0x20"},
        [("20m", f"count(kpi:value{share})", None), ("20m", f"count(kpi:baseline{share})", None)],
    )


def test_nothing_usual_is_no_deviation(run: Run) -> None:
    """One refund where none is usual is infinitely many times as many: that is for limits to tell."""
    run(
        SPEC,
        "1h",
        {"orders": f"0+0x{WEEK} 3+0x30"},
        [("7d12h", "kpi:baseline", 0), ("7d12h", "count(kpi:deviation_ratio)", None)],
    )


def test_each_group_of_the_query_has_a_baseline_of_its_own(run: Run) -> None:
    """By its labels: one that is new has no week, whatever the others have."""
    kpi = '{kpi="by-cluster",cluster="%s"}'
    old, new = kpi % "old", kpi % "new"
    run(
        SPEC + OTHER,
        "1h",
        {'orders{cluster="old"}': f"4+0x{WEEK + 30}", 'orders{cluster="new"}': f"_x{WEEK} 8+0x30"},
        [
            ("7d20h", f"kpi:baseline_weeks{old}", 1),
            ("7d20h", f"kpi:baseline{old}", 4),
            ("7d20h", f"kpi:baseline_weeks{new}", 0),
            ("7d20h", f"kpi:baseline{new}", 8),
        ],
    )


def test_groups_are_small_and_written_often(tmp_path: Path) -> None:
    """A ruler takes twenty rules a group; a series is gone 5m after its last sample, and one missed run is survived."""
    (tmp_path / "orders.yaml").write_text(SPEC)
    (file,) = load([str(tmp_path / "orders.yaml")]).files
    group = kpi_rules.group(file.specs[0].kpis[0])
    assert len(group.rules) <= 18  # two alerts more
    assert group.interval_seconds == SLOW_SECONDS
    assert 2 * group.interval_seconds < 300


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
