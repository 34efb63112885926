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

from slo.errors import EngineError
from slo.rule import Alert, Record
from slo.sloth_engine import Sloth, windows_catalogue
from slo.windows import for_period
from tests.slo.answers import catalogue, document, slo, sloth

ROOT = Path(__file__).resolve().parents[2]
UNKNOWN_PLUGIN = "\n      plugin: {id: tests/none}"
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


# --- what it refuses --------------------------------------------------------------------------------------------


def test_a_refusal_names_the_slo_and_says_why(tmp_path):
    """The third SLO of four asks for a plugin that is not there."""
    text = document(slo("one"), slo("two"), slo("three", UNKNOWN_PLUGIN), slo("four"))
    with pytest.raises(EngineError) as raised:
        _groups(text, tmp_path)
    assert str(raised.value).startswith(f"{tmp_path / 'spec.yaml'}: shop-three: sloth refuses it: ")
    assert '"tests/none" not found' in str(raised.value)


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
