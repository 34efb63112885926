"""A build that takes long, or is cut short; and what makes another one necessary."""

import ast
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from local.past import build, model
from local.settings import ROOT

SPECS = ROOT / "slo" / "specs"
# They read files and write PromQL: a change of theirs that means something shows in the others.
READERS = {"load", "model", "catalogue", "query", "promql", "rule"}


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_a_build_that_is_killed_leaves_no_worker_and_no_lock(
    tmp_path: Path, wait_for: Callable[[Callable[[], bool], float], None], by: signal.Signals
) -> None:
    """Its workers inherit the lock: one that stayed would have every later start wait for ever."""
    command = [sys.executable, "-m", "local.past", "place", str(tmp_path / "data")]
    environment = {**os.environ, "TILLWATCH_STATE": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        wait_for(lambda: len(psutil.Process(process.pid).children()) > 1, 20)
        workers = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.3)  # into their work
    finally:
        process.send_signal(by)
    process.wait(10)
    _, left = psutil.wait_procs(workers, timeout=5)
    for each in left:
        each.kill()
    assert left == []
    with (tmp_path / "history" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not (tmp_path / "data").exists()


def test_a_past_ends_where_the_platform_begins_however_long_it_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After minutes of building, what has gone by meanwhile is built as well: budgets have no hole there."""
    times = [1_000_000.0]
    built: list[float] = []
    block = tmp_path / "block"
    block.mkdir()

    def slow(plan: build.Plan, *, now: float, say: build.Say) -> list[Path]:
        del plan, say
        built.append(now)
        times[0] += 170 if len(built) == 1 else 2
        return [block]

    monkeypatch.setattr(build, "build", slow)
    plan = build.Plan(folder=tmp_path / "history", specs=SPECS, anchor=times[0], digest=build.digest(SPECS))
    seeded = build.place(plan, tmp_path / "data", clock=lambda: times[0])
    assert (built, seeded.end) == ([1_000_000.0, 1_000_170.0], 1_000_170 // 60 * 60)
    built.clear()
    build.place(plan, tmp_path / "again", clock=lambda: 1.0)
    assert built == [1.0]


def test_a_past_is_made_anew_when_what_it_is_made_of_changes() -> None:
    """Every module of ours that draws, counts or records is among what its name is made of, and every spec."""
    files = {file.relative_to(ROOT).as_posix() for file in build.sources(SPECS)}
    found = {
        f"{node.module}/{name.name}.py" if node.module in ("slo", "synthetics") else f"{node.module}.py"
        for source in model.FOLDER.glob("*.py")
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in ("slo", "synthetics")
        for name in node.names
    }
    modules = {name.removesuffix(".py").replace(".", "/") + ".py" for name in found}
    assert {name for name in modules if Path(name).stem not in READERS} - files == set()
    assert {f"slo/specs/{spec.name}" for spec in SPECS.glob("*.yaml")} <= files
