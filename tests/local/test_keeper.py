"""Nothing is left when the supervisor is killed, whatever its parts started."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil

from local import lock
from local.keeper import GRACE_SECONDS, MARK, Keeper, clear, marked

ROOT = Path(__file__).resolve().parents[2]

# A part with a worker in its group, and one that left group and session and refuses SIGTERM.
PART = """
import signal, subprocess, sys, time
sleeper = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"])
subprocess.Popen([sys.executable, "-S", "-c", sleeper], start_new_session=True)
time.sleep(600)
"""

SUPERVISOR = f"""
import sys, time
from pathlib import Path
from local import lock
from local.keeper import Keeper
from local.part import Part
from local import tended
from local.supervisor import Supervisor
tended.ALIVE_SECONDS = 0.5
folder = Path(sys.argv[1])
with lock.held(folder / "lock") as file:
    keeper = Keeper(lock=file, grace_seconds=0.5)
    supervisor = Supervisor(logs=folder, environment=keeper.environment(), say=lambda part, text: None)
    supervisor.start(Part(name="part", command=(sys.executable, "-S", "-c", {PART!r})))
    print(keeper.mark, flush=True)
    time.sleep(600)
"""


def _wait_until_gone(mark: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while marked(mark):
        assert time.monotonic() < deadline, marked(mark)
        time.sleep(0.1)


def test_a_supervisor_that_is_killed_leaves_nothing(tmp_path: Path) -> None:
    """Its part, a worker, and a stubborn one in another session end; the lock is held until then."""
    with subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        mark = process.stdout.readline().strip()
        assert len(marked(mark)) == 3
        process.kill()
    assert lock.is_held(tmp_path / "lock")
    assert lock.holder(tmp_path / "lock") is None
    _wait_until_gone(mark, 10)
    assert lock.wait_until_free(tmp_path / "lock", seconds=3)


def test_release_ends_what_is_left_and_then_the_keeper() -> None:
    """After a clean stop there is not even the keeper."""
    keeper = Keeper()
    subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(600)"],
        env={**os.environ, **keeper.environment()},
    )
    assert len(marked(keeper.mark)) == 1
    began = time.monotonic()
    keeper.release()
    assert time.monotonic() - began < GRACE_SECONDS - 1, "it was killed, not asked"
    assert marked(keeper.mark) == []
    keepers = [p for p in psutil.process_iter(["cmdline"]) if keeper.mark in (p.info["cmdline"] or ())]
    assert keepers == []


def test_other_runs_are_left_alone() -> None:
    """A mark is one run's; its neighbour's processes live on."""
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(command, env={**os.environ, MARK: "neighbour-of-the-test"}) as neighbour:
        clear("another-mark", grace_seconds=0)
        assert neighbour.poll() is None
        neighbour.kill()
