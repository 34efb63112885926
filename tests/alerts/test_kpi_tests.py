"""The generated tests of KPI alerts: they pass on both promtools, and notice each thing that could be wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from alerts import kpi_tests
from slo import rule
from slo.model import SpecFile
from tests.alerts.kpi_specs import LINKS, kpi_text, spec_file
from tools.install import find

COPY = "prometheus/tests/stand-ins/orders.kpi.yaml"
KPIS = (
    kpi_text(alert="deviation: 0.5, least_baseline: 4, for: 15m"),
    kpi_text("refunds", unit="refunds/h", better="lower", alert="deviation: 2, above: 120, for: 3h, severity: info"),
    kpi_text("shares", unit="ratio", alert="below: 0.8, above: 0.995, for: 0"),
    kpi_text("clusters", query='sum by (cluster) (rate(o{cluster="eu"}[{{.window}}]))', alert="deviation: 0.3"),
    kpi_text("free", query="rate(o[{{.window}}])", alert="deviation: 0.25, below: 0"),
    kpi_text("unfed", query="sum(rate(o[{{.window}}])) or vector(0)", alert="deviation: 0.5, below: 2"),
    kpi_text("constant", query="scalar(sum(rate(o[{{.window}}])))", alert="above: 0"),
)
DROP = KPIS[0]
BROKEN = {
    "it is told too early": (DROP, "} < -0.5", "} < -0.4"),
    "it is told too late": (DROP, "} < -0.5", "} < -0.7"),
    "it need not hold": (DROP, "        for: 15m\n", ""),
    "it ends at once": (DROP, "        keep_firing_for: 10m\n", ""),
    "it never ends": (DROP, "keep_firing_for: 10m", "keep_firing_for: 1d"),
    "little traffic is told": (DROP, "} > 4\n", "} > 0\n"),
    "no history is told": (DROP, "} >= 1\n", "} >= 0\n"),
    "a week of history is not told": (DROP, "} >= 1\n", "} >= 2\n"),
    "the baseline is the least of three weeks": (DROP, "quantile without (week) (0.5", "quantile without (week) (0.0"),
    "the baseline is their average": (DROP, "quantile without (week) (0.5,", "avg without (week) ("),
    "the weeks are not counted": (DROP, "count without (week)", "group without (week)"),
    "the wrong team is told": (DROP, "team: shop", "team: shopkeepers"),
    "it says another number": (DROP, "{{ $value | printf", "{{ 1.0 | printf"),
    "it does not say that history is short": (DROP, "for history is short", "for history is long"),
    "a rise is taken for a drop": (KPIS[1], "} > 2\n", "} < -2\n"),
    "the limit itself is told": (KPIS[2], "} < 0.8", "} <= 0.8"),
    "another limit is told": (KPIS[2], "} > 0.995", "} > 0.9"),
}


def written(folder: Path, file: SpecFile) -> Path:
    """The folder of the tests of *file*."""
    for artifact in kpi_tests.build(file, LINKS):
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text)
    return folder / "prometheus" / "tests"


def verdict(folder: Path, promtool: str) -> subprocess.CompletedProcess[str]:
    """What promtool says of them."""
    command = [str(find(promtool)), "test", "rules", "orders.kpi.yaml"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("promtool", ["promtool", "promtool3"])
def test_every_kind_of_alert_fires_and_ends_as_predicted(tmp_path: Path, promtool: str) -> None:
    """Rise and drop, both limits, groups, queries that nobody can feed; with what they say."""
    done = verdict(written(tmp_path, spec_file(tmp_path, *KPIS)), promtool)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("kpi", "old", "new"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_is_noticed(tmp_path: Path, kpi: str, old: str, new: str) -> None:
    """Each change of a rule fails its generated tests."""
    folder = written(tmp_path, spec_file(tmp_path, kpi))
    rules = tmp_path / COPY
    assert old in rules.read_text()
    rules.write_text(rules.read_text().replace(old, new))
    done = verdict(folder, "promtool")
    assert done.returncode == 1
    assert "FAILED" in done.stdout + done.stderr


def test_the_copy_holds_the_rules_as_they_are_shipped(tmp_path: Path) -> None:
    """Group by group; but for those whose query would answer without being fed."""
    file = spec_file(tmp_path, *KPIS)
    written(tmp_path, file)
    copy = (tmp_path / COPY).read_text().partition("\n")[2]
    shipped = [rule.to_yaml([kpi_tests.group(kpi, LINKS)]).removeprefix("groups:\n") for kpi in file.specs[0].kpis]
    assert [text in copy for text in shipped] == [True] * 5 + [False] * 2


def test_a_file_that_tells_nobody_has_no_tests(tmp_path: Path) -> None:
    """An empty file of tests would be an error of promtool's."""
    assert list(kpi_tests.build(spec_file(tmp_path, kpi_text()), LINKS)) == []
