"""Shares of errors, as a Prometheus evaluates them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from dashboards import red
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
