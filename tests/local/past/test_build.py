"""A build that is cut short: nobody of it is left, and the next one goes on."""

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

from local.settings import ROOT


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
