"""What evaluation costs a real Prometheus."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench import samples
from bench.live import prometheus
from bench.plan import Plan
from tools.install import find

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(
    not (find("sloth") and find("promtool3") and find("prometheus3")),
    reason="run tools/install.py install sloth prometheus3 promtool3",
)


def test_sloth_reads_what_its_windows_hold(monkeypatch):
    """10 raw series, half of them errors: all windows at 15 s, and 30 days of ratios twice; ours reads far less."""
    monkeypatch.setattr(samples, "SIZES", (10,))
    rows = {row.name: row for row in samples.measure(Plan())}
    windows = sum((300, 1800, 3600, 7200, 21_600, 86_400, 259_200)) / 15
    per_hour = 120 * (15 * windows + 2 * 30 * 86_400 / 30)
    assert rows["samples_10"].peer == pytest.approx(per_hour, rel=0.001)
    assert rows["samples_10"].ratio < 1 / 20
    assert rows["eval_time_10"].ratio < 1


def test_prometheus_is_gone_afterwards(tmp_path):
    """Leaving the context stops the server, also by an error."""
    before = {child.pid for child in psutil.Process().children()}
    during = set()

    def fail():
        with prometheus(tmp_path / "data"):
            during.update({child.pid for child in psutil.Process().children()} - before)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert during
    assert not {child.pid for child in psutil.Process().children()} - before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "termination"])
def test_an_interrupted_bench_leaves_nothing_behind(tmp_path, number):
    """Its children end with it, and so does its temporary folder; nothing is written."""
    results = tmp_path / "rows.json"
    command = [sys.executable, "-m", "bench", "build", "--quick", "--json", str(results)]
    with subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}, stderr=subprocess.DEVNULL
    ) as process:
        children = _grandchildren(process.pid)
        process.send_signal(number)
        assert process.wait(20) != 0
    psutil.wait_procs(children, timeout=10)
    assert not any(child.is_running() for child in children)
    assert list(tmp_path.iterdir()) == []


def _grandchildren(pid):
    """The processes below a bench, once it measures one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = psutil.Process(pid).children(recursive=True)
        if len(found) > 1:
            return found
        time.sleep(0.05)
    raise TimeoutError("the bench started nothing")
