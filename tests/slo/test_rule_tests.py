"""The generated promtool tests: they pass on our rules, and each of them fails on broken ones."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from alerts import rule_files
from slo.artifact import ALERTS, RULES, TESTS, Artifact
from slo.load import load
from tools.install import find

SPEC = """\
version: prometheus/v1
service: {service}
labels: {{tier: "1"}}
slos:
"""
SLO = """\
  - name: {name}
    objective: {objective}
    window: {window}
    sli: {sli}
    alerting:
      name: {alert}
      min_failures: {failures}
      page_alert: {{labels: {{severity: pageteam}}}}
"""
RATES = (
    "{{events: {{error_query: 'sum(rate({m}{{code=~\"5..\"}}[{{{{.window}}}}]))',"
    " total_query: 'sum(rate({m}[{{{{.window}}}}]))'}}}}"
)


def _sli(metric: str) -> str:
    return RATES.format(m=metric)


SHAPES = {
    "a month of rates": ("99.9", "30d", _sli("a_total"), 3),
    "a day": ("99", "1d", _sli("b_total"), 3),
    "three days without a guard": ("99.5", "3d", _sli("c_total"), 0),
    "a week": ("99.99", "7d", _sli("d_total"), 3),
    "a quarter, where a burn rate of 43 cannot be reached": ("95", "90d", _sli("e_total"), 3),
    "an objective that no outage can page for": ("50", "30d", _sli("f_total"), 3),
    "a difference of latency buckets": (
        "99",
        "4w",
        "{latency: {histogram: g_seconds, below: 1, selector: 'job=\"g\"'}}",
        3,
    ),
    "events per window, by a label": (
        "99.9",
        "14d",
        '{events: {error_query: \'sum by (job) (increase(h_total{job="h",ok="no"}[{{.window}}]))\','
        " total_query: 'sum by (job) (increase(h_total{job=\"h\"}[{{.window}}]))'}}",
        5,
    ),
    "as many digits as floats can tell": ("99.9999999999", "30d", _sli("m_total"), 3),
    "so many digits of a difference": ("99.9999999999", "7d", "{latency: {histogram: n_seconds, below: 1}}", 3),
}
UNFED = {
    "samples of a gauge": (
        "99",
        "30d",
        "{events: {error_query: 'sum_over_time((count(i < 1))[{{.window}}:]) or on() vector(0)',"
        " total_query: 'sum_over_time((count(i))[{{.window}}:])'}}",
        3,
    ),
    "a query that is not additive": (
        "99.5",
        "30d",
        "{events: {error_query: 'max(rate(j_total{ok=\"no\"}[{{.window}}]))',"
        " total_query: 'max(rate(j_total[{{.window}}]))'}}",
        3,
    ),
    "a raw ratio": ("99.9", "7d", "{raw: {error_ratio_query: '1 - avg_over_time(k[{{.window}}])'}}", 3),
}


def _spec(service: str, shapes: dict[str, tuple[str, str, str, int]]) -> str:
    slos = [
        SLO.format(name=f"slo-{i}", objective=objective, window=window, sli=sli, alert=f"Alert{i}", failures=failures)
        for i, (objective, window, sli, failures) in enumerate(shapes.values())
    ]
    return SPEC.format(service=service) + "".join(slos)


def _generate(folder: Path, specs: str) -> list[Artifact]:
    (folder / "specs").mkdir()
    (folder / "specs" / "all.yaml").write_text(specs)
    catalogue = load([str(folder / "specs")])
    artifacts = list(rule_files.build(catalogue, frozenset({RULES, ALERTS, TESTS})))
    for artifact in artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text)
    return artifacts


def _promtool(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    binary = find(name)
    assert binary is not None, f"{name} is missing; run make setup test-tools"
    tests = sorted(str(path) for path in (folder / "prometheus" / "tests").glob("*.yaml"))
    return subprocess.run([str(binary), "test", "rules", *tests], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("shapes", "promtool"),
    [
        pytest.param(SHAPES, "promtool", id="fed by their own queries, Prometheus 2"),
        pytest.param(UNFED, "promtool3", id="fed by stand-ins, Prometheus 3"),
        pytest.param(SHAPES, "promtool3", id="fed by their own queries, Prometheus 3", marks=pytest.mark.full),
        pytest.param(UNFED, "promtool", id="fed by stand-ins, Prometheus 2", marks=pytest.mark.full),
    ],
)
def test_generated_tests_pass(tmp_path: Path, shapes: dict[str, tuple[str, str, str, int]], promtool: str) -> None:
    """Whatever the period, objective, unit and shape of query: the tests pass on Prometheus 2 and 3."""
    _generate(tmp_path, _spec("any", shapes))
    done = _promtool(promtool, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def _replaced(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new)

    return change


@pytest.mark.parametrize("objective", ["99", "99.999999", "99.9999999999"])
def test_the_slow_burn_fires_however_small_the_budget_is(tmp_path: Path, objective: str) -> None:
    """Traffic grows with the objective, so that there are failures enough for the guard."""
    artifacts = _generate(tmp_path, _spec("high", {"x": (objective, "30d", _sli("a_total"), 3)}))
    (text,) = [artifact.text for artifact in artifacts if artifact.path.endswith("ticket.yaml")]
    assert '- labels: "ALERTS{' in text


BROKEN = {
    "the page's factor is too high": _replaced("(14.4 * 0.001)", "(90 * 0.001)"),
    "the page's guard is gone": _replaced("> 2.5", "> -1"),
    "the page never resets": _replaced("ratio_rate5m{sloth_id", "ratio_rate1h{sloth_id"),
    "the ticket is as fast as the page": _replaced("(1 * 0.001)", "(0.01 * 0.001)"),
    "the ticket never fires": _replaced("(1 * 0.001)", "(500 * 0.001)"),
    "the bad events of the hour are lost": _replaced("record: slo:sli_events_bad:rate1h", "record: lost"),
    "nobody is told of a vanished SLI": _replaced("absent(", "0 > absent("),
    "a vanished SLI is told at once": _replaced("for: 10m", "for: 1m"),
    "the page has another severity": _replaced("severity: pageteam", "severity: page"),
    "quiet services have no SLI": _replaced("> 0)\n          or\n", "> 0)\n          unless\n"),
    "the budget is wrong": _replaced("/ 0.001\n", "/ 0.002\n"),
}


@pytest.fixture(scope="module")
def one_slo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One ordinary SLO, generated."""
    folder = tmp_path_factory.mktemp("one")
    shape = {"a month of rates": SHAPES["a month of rates"]}
    _generate(folder, _spec("one", shape))
    return folder


@pytest.mark.parametrize("change", BROKEN.values(), ids=BROKEN.keys())
def test_generated_tests_notice(one_slo: Path, change: Callable[[str], str]) -> None:
    """A fault in the rules fails a generated test."""
    rules = one_slo / "prometheus" / "rules" / "all.yaml"
    whole = rules.read_text()
    try:
        rules.write_text(change(whole))
        assert _promtool("promtool3", one_slo).returncode != 0
    finally:
        rules.write_text(whole)


def test_alerts_disabled_leave_the_records(tmp_path: Path) -> None:
    """An SLO that tells nobody anything still has records, and tests of them."""
    text = _spec("silent", {"x": SHAPES["a month of rates"]}).replace(
        "page_alert: {labels: {severity: pageteam}}", "page_alert: {disable: true}\n      ticket_alert: {disable: true}"
    )
    artifacts = {artifact.path: artifact.text for artifact in _generate(tmp_path, text)}
    assert "alert:" not in artifacts["prometheus/rules/all.yaml"]
    assert list(artifacts) == ["prometheus/rules/all.yaml", "prometheus/tests/all.page.yaml"]
    done = _promtool("promtool", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_slos_of_one_metric_are_fed_apart(tmp_path: Path) -> None:
    """Two SLOs whose queries read the same series are not fed at the same time."""
    shapes = {"one": SHAPES["a month of rates"], "two": ("99", "30d", _sli("a_total"), 3)}
    artifacts = {artifact.path: artifact.text for artifact in _generate(tmp_path, _spec("same", shapes))}
    assert artifacts["prometheus/tests/all.page.yaml"].count("a full outage") == 2
    done = _promtool("promtool", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
