"""Clears away what a platform leaves behind: a small process that outlives its supervisor.

It reads its standard input, whose other end the supervisor holds; when that closes (a clean stop, a crash, a
SIGKILL), it ends every process that carries the run's mark in its environment. The mark is inherited by all
that a part starts, also by what has left its process group, and no process of anybody else has it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping

import psutil

from local.settings import ROOT

MARK = "TILLWATCH_RUN"
GRACE_SECONDS = 4.0  # Prometheus and gunicorn want 1–3 s for a clean end


class Keeper:
    """The supervisor's end: makes the mark, starts the process, and lets it go."""

    def __init__(self, *, lock: int | None = None, grace_seconds: float = GRACE_SECONDS) -> None:
        """*lock*: an open file that the process holds until everything is cleared away."""
        self.mark = uuid.uuid4().hex
        self._process = subprocess.Popen(
            (sys.executable, "-m", "local.keeper", self.mark, str(grace_seconds)),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is not for it
            pass_fds=() if lock is None else (lock,),
            cwd=ROOT,
        )

    def environment(self) -> Mapping[str, str]:
        """What every part's environment must hold."""
        return {MARK: self.mark}

    def release(self) -> None:
        """End what is left, and wait for that."""
        self._process.communicate()


def marked(mark: str) -> list[psutil.Process]:
    """Every living process that carries *mark*."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process)
        except (psutil.Error, OSError):
            continue  # it ended meanwhile, or belongs to somebody else
    return found


def clear(mark: str, *, grace_seconds: float) -> None:
    """End every process that carries *mark*: asked first, then killed, until there is none."""
    _send(marked(mark), signal.SIGTERM)
    if _all_ended(mark, seconds=grace_seconds):
        return
    for _ in range(10):  # what forks while it is killed is found in the next round
        _send(marked(mark), signal.SIGKILL)
        if _all_ended(mark, seconds=1):
            return


def _all_ended(mark: str, *, seconds: float) -> bool:
    # Looked for anew rather than waited for: one that ended stays in the table until its parent notices, and
    # that parent may never do so.
    deadline = time.monotonic() + seconds
    while marked(mark):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _send(processes: list[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(number)  # psutil refuses if the id is another process's by now
        except psutil.Error:
            continue


def main() -> None:
    """Wait for the supervisor's end, then clear."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    clear(sys.argv[1], grace_seconds=float(sys.argv[2]))


if __name__ == "__main__":
    main()
