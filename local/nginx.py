"""Runs a real nginx in a folder of its own; its configuration can be changed while it serves."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import Refused, StartFailed
from local.log_files import end_of
from local.server import bound, program, running

TEST_SECONDS = 20.0
RELOAD_SECONDS = 20.0
LOOK_SECONDS = 0.02
# What nginx calls a worker that takes no more connections and ends with its last request.
_LEAVING = "is shutting down"


@dataclass(frozen=True, slots=True)
class Nginx:
    """One nginx: *name* is for messages and its log, *folder* holds its configuration and whatever it writes."""

    name: str
    folder: Path

    @property
    def log(self) -> Path:
        """What it says of itself."""
        return self.folder / f"{self.name.replace(' ', '_')}.log"

    def prepare(self, text: str) -> None:
        """Write its configuration, which nginx has then found to be sound; else the one before stays.

        Raises:  Refused: no program; nginx does not take *text*.
        """
        test = (str(program("nginx")), *self._options("nginx.conf.new"), "-t", "-q")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = self.folder / "nginx.conf.new"
        new.write_text(text, encoding="utf-8")
        done = subprocess.run(
            test,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TEST_SECONDS,
            check=False,
        )
        if done.returncode:
            raise Refused(f"{self.name}: nginx does not take {new}:\n{done.stderr.strip()}")
        new.replace(self.folder / "nginx.conf")

    def command(self) -> tuple[str, ...]:
        """What starts it in the foreground; it ends with whoever started it.

        Raises:  Refused: no program.
        """
        # Its logs are in UTC, as everybody's are.
        return bound(("env", "TZ=UTC", program("nginx"), *self._options("nginx.conf")), ends_by=signal.SIGTERM)

    @contextlib.contextmanager
    def running(self, *, ready: Callable[[], bool]) -> Iterator[None]:
        """Have it run, prepared and *ready*, until the block ends.

        Raises:  Refused, StartFailed.
        """
        with running(self.name, self.command(), log=self.log, ready=ready, stop_by=(signal.SIGTERM,)):
            yield

    def reload(self) -> None:
        """Read the configuration again; requests that have begun end as they would have.

        Raises:  StartFailed: no new workers came in time.
        """
        master = psutil.Process(int((self.folder / "nginx.pid").read_text(encoding="ascii")))
        old = {worker.pid for worker in master.children()}
        master.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_SECONDS
        while not _replaced(old, master):
            if time.monotonic() > deadline:
                raise StartFailed(f"{self.name}: the new configuration is not in use\n{end_of(self.log)}")
            time.sleep(LOOK_SECONDS)

    def _options(self, configured: str) -> tuple[str, ...]:
        return ("-p", str(self.folder.absolute()), "-e", "stderr", "-c", configured)


def user() -> tuple[str, str] | None:
    """Name and group that root's nginx has to work as: ourselves. Else it were nobody, who may not use our folder."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwuid(0).pw_name, grp.getgrgid(os.getegid()).gr_name


def _replaced(old: set[int], master: psutil.Process) -> bool:
    """Whether every worker that takes connections was started after the *old* ones."""
    serving = {worker.pid for worker in master.children() if not _is_leaving(worker)}
    return bool(serving) and not serving & old


def _is_leaving(worker: psutil.Process) -> bool:
    try:
        return worker.status() == psutil.STATUS_ZOMBIE or _LEAVING in " ".join(worker.cmdline())
    except psutil.NoSuchProcess:
        return True
