"""slo.sloth_engine: the real sloth is asked, answers are read back, refusals name their SLO, nothing is left behind."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import yaml

from slo.errors import EngineError, SpecErrors
from slo.load import load
from slo.rule import Alert, Record
from slo.sloth_engine import Sloth, windows_catalogue
from slo.sloth_spec import to_sloth
from slo.windows import for_period
from tests.slo.answers import catalogue, document, slo, sloth

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = """
      plugin:
        id: tests/share
        options: {job: till, share: "0.5"}"""
PLUGIN_SOURCE = """
package share

import (
	"context"
	"fmt"
)

const (
	SLIPluginVersion = "prometheus/v1"
	SLIPluginID      = "tests/share"
)

func SLIPlugin(ctx context.Context, meta, labels, options map[string]string) (string, error) {
	if options["share"] == "" {
		return "", fmt.Errorf("share is missing")
	}
	return fmt.Sprintf(`%s * rate(errors_total{job="%s"}[{{.window}}])`, options["share"], options["job"]), nil
}
"""
ODD_TEXTS = [
    "plain",
    "1e3",
    "on",
    "---",
    "# no comment",
    "a: b",
    "two\nlines\n---\n#x",
    "ÄÖ 🙂",
    "\x85\u2028\ufeff",
]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A folder for temporary files, so that a test sees what is left in it."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    yield folder
    assert [*folder.iterdir()] == []


def _plugins(folder: Path) -> Path:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "plugin.go").write_text(PLUGIN_SOURCE)
    return folder / "plugins"


def _groups(text: str, folder: Path, engine: Sloth | None = None):
    return [*(engine or sloth()).rules(catalogue(text, folder))]


def _rules(groups):
    return [rule for group in groups for rule in group.rules]


# --- what comes out ---------------------------------------------------------------------------------------------


def test_each_slo_gets_its_three_groups_in_order(tmp_path):
    """Documents and SLOs come back in the order in which they stand in the files."""
    text = document(slo("one"), slo("two")) + "---\n" + document(slo("three"), service="till")
    names = [[group.name for group in groups] for groups in _groups(text, tmp_path)]
    assert names == [
        [f"sloth-slo-{kind}-{identity}" for kind in ("sli-recordings", "meta-recordings", "alerts")]
        for identity in ("shop-one", "shop-two", "till-three")
    ]


def test_periods_are_mixed_in_one_catalogue(tmp_path):
    """Each SLO keeps its own period, though sloth knows one in a run."""
    text = document(*(slo(f"over-{window}", more=f"    window: {window}\n") for window in ("30d", "7d", "28d", "3d")))
    groups = _groups(text, tmp_path)
    names = [next(r.name for r in _rules(found) if "ratio_rate" in r.name and _longest(r)) for found in groups]
    assert names == [f"slo:sli_error:ratio_rate{period}" for period in ("30d", "1w", "4w", "3d")]


def test_sloth_burns_at_our_factors(tmp_path):
    """The four factors of each period are ours to the last digit, those between a week and four as well."""
    periods = (1, 5, 10, 17, 28, 60)
    text = document(*(slo(f"over-{days}", more=f"    window: {days}d\n") for days in periods))
    for days, groups in zip(periods, _groups(text, tmp_path), strict=True):
        alerts = [rule for rule in _rules(groups) if isinstance(rule, Alert)]
        factors = [float(found) for alert in alerts for found in re.findall(r"> \((\S+) \*", alert.expr)[::2]]
        windows = for_period(days)
        pairs = (windows.page_quick, windows.page_slow, windows.ticket_quick, windows.ticket_slow)
        assert factors == pytest.approx([float(pair.factor) for pair in pairs], rel=1e-14)


def _longest(rule: Record) -> bool:
    return rule.expr.startswith("sum_over_time(slo:")


def test_the_info_series_names_the_release_and_the_dialect(tmp_path):
    """A sloth built from its module calls itself "dev", and reads our CRDs as plain specs."""
    spec = yaml.safe_load(document(slo()).replace("error_query", "errorQuery").replace("total_query", "totalQuery"))
    del spec["version"]
    crd = {"apiVersion": "sloth.slok.dev/v1", "kind": "PrometheusServiceLevel", "spec": spec}
    (groups,) = _groups(json.dumps(crd), tmp_path)
    (info,) = [dict(rule.labels) for rule in _rules(groups) if rule.name == "sloth_slo_info"]
    assert (info["sloth_version"], info["sloth_spec"]) == ("v0.16.0", "sloth.slok.dev/v1")


@pytest.mark.parametrize("odd", ODD_TEXTS, ids=ascii)
def test_every_text_survives_the_way_through_sloth(odd, tmp_path):
    """Labels and annotations come back as they were, whatever YAML or sloth's splitter might make of them."""
    label = {"labels": {"odd": odd}}
    spec = yaml.safe_load(document(slo()))
    spec["slos"][0] |= label | {"description": odd}
    notice = {"annotations": {"odd": odd}}
    spec["slos"][0]["alerting"] |= {"page_alert": notice, "ticket_alert": {"disable": True}}
    (groups,) = _groups(json.dumps(spec), tmp_path)
    assert all(dict(rule.labels)["odd"] == odd for rule in _rules(groups) if isinstance(rule, Record))
    (alert,) = [rule for rule in _rules(groups) if isinstance(rule, Alert)]
    assert dict(alert.annotations)["odd"] == odd


# --- plugins ----------------------------------------------------------------------------------------------------


def test_an_sli_plugin_is_run(tmp_path):
    """The query that a plugin of the user's writes comes out as records."""
    engine = Sloth(binary=sloth().binary, plugins=_plugins(tmp_path))
    (groups,) = _groups(document(slo(sli=PLUGIN)), tmp_path, engine)
    assert (
        'rate(errors_total{job="till"}[1h])' in {r.name: r.expr for r in _rules(groups)}["slo:sli_error:ratio_rate1h"]
    )


def test_slo_plugins_are_passed_through_with_their_types(tmp_path):
    """Chains of the service and of the SLO both run, in their order; an interval and a new alert are read back."""
    intervals = (
        "slo_plugins: {chain: [{id: sloth.dev/contrib/rule_intervals/v1, config: {interval: {default: 1m30s}}}]}\n"
    )
    exhausted = """    plugins:
      chain:
        - id: sloth.dev/contrib/error_budget_exhausted_alert/v1
          priority: 50
          config: {threshold: 0.25, for: 2h, alert_name: Spent}
"""
    (groups,) = _groups(document(slo(more=exhausted), head=intervals), tmp_path)
    assert {group.interval_seconds for group in groups} == {90}
    (spent,) = [rule for rule in _rules(groups) if rule.name == "Spent"]
    assert (spent.for_seconds, spent.expr.endswith("<= 0.25")) == (7200, True)


def test_the_native_engine_names_the_flag_for_each_plugin(tmp_path):
    """Chains of plugins and SLI plugins are faults with a place, and the message says what runs them."""
    chain = "{chain: [{id: sloth.dev/core/debug/v1}]}"
    text = document(slo(sli=PLUGIN, more=f"    plugins: {chain}\n"), head=f"slo_plugins: {chain}\n")
    (tmp_path / "spec.yaml").write_text(text)
    with pytest.raises(SpecErrors) as raised:
        load([str(tmp_path / "spec.yaml")])
    assert [fault.where for fault in raised.value.faults] == ["slo_plugins", "slos[0].plugins", "slos[0].sli.plugin"]
    assert all("--engine sloth" in fault.message for fault in raised.value.faults)


# --- what it refuses --------------------------------------------------------------------------------------------


def test_a_refusal_names_the_slo_and_says_why(tmp_path):
    """The third SLO of four asks for a plugin that is not there."""
    text = document(slo("one"), slo("two"), slo("three", PLUGIN), slo("four"))
    with pytest.raises(EngineError) as raised:
        _groups(text, tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'spec.yaml'}: shop-three: sloth refuses it: ")
    assert '"tests/share" not found' in str(raised.value)


def test_a_plugin_that_fails_names_its_slo(tmp_path):
    """What a plugin says of its options is passed on."""
    engine = Sloth(binary=sloth().binary, plugins=_plugins(tmp_path))
    text = document(slo("one"), slo("two", PLUGIN.replace(', share: "0.5"', "")))
    with pytest.raises(EngineError, match=r"shop-two: sloth refuses it: .*share is missing"):
        _groups(text, tmp_path, engine)


def test_copies_of_one_slo_are_refused(tmp_path):
    """sloth's rules select by three ids alone: two copies would fail at evaluation."""
    text = "---\n".join(document(slo(), head=f"labels: {{namespace: {name}}}\n") for name in ("blue", "green"))
    with pytest.raises(EngineError, match=r"shop-requests: sloth's rules do not tell copies .* --engine native"):
        _groups(text, tmp_path)


@pytest.mark.parametrize("what", ["missing", "a folder", "not executable"])
def test_a_program_that_cannot_start_is_one_sentence(what, tmp_path):
    """Whatever stands at the path of the binary."""
    binary = tmp_path / "binary"
    if what == "a folder":
        binary.mkdir()
    elif what == "not executable":
        binary.write_text("#!/bin/sh\n")
    with pytest.raises(EngineError, match="cannot be started"):
        _groups(document(slo()), tmp_path, Sloth(binary=binary))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'error: no such flag' >&2; exit 1", "sloth failed: no such flag"),
        ("kill -9 $$", "sloth failed: exit code -9"),
        ("cat > /dev/null", "sloth wrote 0 documents for 1 SLOs"),
    ],
    ids=["fails before any SLO", "is killed", "writes nothing"],
)
def test_a_failure_of_its_own_blames_no_slo(script, said, tmp_path):
    """A wrong option or a kill is told as such."""
    with pytest.raises(EngineError, match=said):
        _groups(document(slo()), tmp_path, Sloth(binary=_script(tmp_path, script)))


def _script(folder: Path, text: str) -> Path:
    path = folder / "script"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


# --- bounds -----------------------------------------------------------------------------------------------------


def test_more_slos_than_a_process_may_open_files(tmp_path):
    """1,100 SLOs pass through one run that opens no file for each."""
    text = document(*(slo(f"slo-{number}") for number in range(1100)))
    assert len(_groups(text, tmp_path)) == 1100


def test_an_interrupt_ends_sloth_and_leaves_nothing(temporary, tmp_path):
    """Ctrl-C while sloth works: its process is gone, and so is the folder that it read."""
    started = tmp_path / "started"
    binary = _script(tmp_path, f"echo $$ > {started}; exec sleep 60")
    (tmp_path / "spec.yaml").write_text(document(slo()))
    program = f"""
        from pathlib import Path
        from slo.load import load
        from slo.sloth_engine import Sloth
        Sloth(binary=Path({str(binary)!r})).rules(load([{str(tmp_path / "spec.yaml")!r}]))
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ}
    ) as process:
        deadline = time.monotonic() + 20
        while not (started.exists() and started.read_text().strip()):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert [*temporary.iterdir()] != []
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == -signal.SIGINT
    while _runs(int(started.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    """Whether a process still does anything; one that nobody has waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# --- what goes in -----------------------------------------------------------------------------------------------


def test_the_spec_that_sloth_reads_holds_its_own_keys_alone(tmp_path):
    """Sugar is resolved, our additions are gone, what holds nothing is left out."""
    latency = "\n      latency: {histogram: request_seconds, below: 0.5}"
    alerting = "      min_failures: 5\n      absent_after: 1h\n      page_alert: {disable: true}\n"
    more = "    window: 7d\n    journey: browse\n    labels: {tier: '1'}\n"
    text = document(slo(sli=latency, more=more, alerting=alerting), head="depends_on: [till]\nlabels: {tier: '2'}\n")
    ((spec,),) = [file.specs for file in catalogue(text, tmp_path).files]
    assert to_sloth(spec) == {
        "version": "prometheus/v1",
        "service": "shop",
        "labels": {"tier": "2"},
        "slos": [
            {
                "name": "requests",
                "objective": 99.9,
                "labels": {"tier": "1"},
                "sli": {
                    "events": {
                        "error_query": spec.slos[0].sli.bad.at("{{.window}}"),
                        "total_query": "sum(rate(request_seconds_count{}[{{.window}}]))",
                    }
                },
                "alerting": {"name": "Burning", "page_alert": {"disable": True}},
            }
        ],
    }


def test_the_catalogue_of_thirty_days_is_sloths_own():
    """Shares and windows for 30 days are the ones that sloth carries."""
    assert windows_catalogue(30)["spec"] == {
        "sloPeriod": "30d",
        "page": {
            "quick": {"errorBudgetPercent": 2, "shortWindow": "5m", "longWindow": "1h"},
            "slow": {"errorBudgetPercent": 5, "shortWindow": "30m", "longWindow": "6h"},
        },
        "ticket": {
            "quick": {"errorBudgetPercent": 10, "shortWindow": "2h", "longWindow": "1d"},
            "slow": {"errorBudgetPercent": 10, "shortWindow": "6h", "longWindow": "3d"},
        },
    }
