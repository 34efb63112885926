"""Shares of errors, as a Prometheus evaluates them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import promql_parser as pq
import pytest
import yaml

from dashboards import red
from dashboards.model import ORANGE, Limit
from dashboards.shop_series import CHOSEN
from tools.install import find

SHARE = red.share("sum by (job) (rate(bad_total[5m]))", "sum by (job) (rate(all_total[5m]))")


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        ({'all_total{job="a"}': "0+60x20"}, 0),
        ({'all_total{job="a"}': "0+60x20", 'bad_total{job="a"}': "0+15x20"}, 0.25),
        ({'all_total{job="a"}': "0+60x20", 'bad_total{job="b"}': "0+15x20"}, 0),
        ({'all_total{job="a"}': "9+0x20", 'bad_total{job="a"}': "0+0x20"}, None),
    ],
    ids=["no error yet", "a quarter fails", "errors of somebody else", "nobody asks"],
)
def test_a_share_is_there_as_soon_as_there_are_requests(
    tmp_path: Path, series: dict[str, str], expected: float | None
) -> None:
    """0 before the first error, whose series begins with it; nothing, and no NaN, while nobody asks."""
    samples = [] if expected is None else [{"labels": '{job="a"}', "value": expected}]
    test = {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [{"expr": SHARE, "eval_time": "15m", "exp_samples": samples}],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [test]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_lines_are_spoken_of_where_there_are_any() -> None:
    """A page of all services has no promise of one."""
    promised = red.durations(CHOSEN, (Limit(value=1, colour=ORANGE),))
    assert "The lines are what was promised" in promised.description
    assert "lines are what was promised" not in red.durations(CHOSEN).description


@pytest.mark.parametrize("label", ["job", "http_route", "instance"], ids=str)
def test_the_slowest_are_the_same_over_the_whole_range(label: str) -> None:
    """Those at its end: chosen anew for each point, lines would come and go."""
    expression = red.durations_by(CHOSEN, label).queries[0].expression
    pq.parse(re.sub(r"\$\w+", "x", expression))
    chosen = re.search(rf"and on \({label}\) topk\({red.MOST_ROUTES}, (.*?) or count_over_time", expression)
    assert chosen is not None
    assert chosen[1].count("{") == chosen[1].count("@ end()") > 0
    assert not expression.startswith("topk")


def test_lines_of_the_slowest_do_not_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was slowest an hour ago and is not at the end is no line of the picture."""
    monkeypatch.setattr(red, "MOST_ROUTES", 1)
    asked = red.durations_by(CHOSEN, "instance").queries[0].expression.partition(" or count_over_time")[0]
    name = 'http_server_request_duration_seconds_bucket{job="a",traffic="user",instance="%s",le="%s"}'
    series = {
        name % ("before", "1"): "0x20 0+60x60",
        name % ("before", "2"): "0+60x80",
        name % ("after", "1"): "0+60x20 1200x60",
        name % ("after", "2"): "0+60x80",
        name % ("before", "+Inf"): "0+60x80",
        name % ("after", "+Inf"): "0+60x80",
    }
    # promtool's range is a moment, which is its end: what is asked of the end is asked of the hour after.
    filled = {"service": ".+", "cluster": ".*", "namespace": ".*"}
    expression = re.sub(r"\$(\w+)", lambda match: filled[match[1]], asked)
    case = {
        "interval": "1m",
        "input_series": [{"series": each, "values": values} for each, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"count by (instance) ({expression.replace('end()', '3600')})",
                "eval_time": "15m",
                "exp_samples": [{"labels": '{instance="after"}', "value": 1}],
            },
            # Samples are loaded as far as somebody asks.
            {"expr": "vector(1)", "eval_time": "70m", "exp_samples": [{"labels": "{}", "value": 1}]},
        ],
    }
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [], "tests": [case]}), encoding="utf-8")
    command = [str(find("promtool")), "test", "rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
