"""One part of the platform: what to start, and the process that came of it."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.probe import answers
from local.settings import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What to start, once every part that it *needs* is ready.

    ready_url:  must answer *ready_status*. ready: asked instead. A part with neither is ready once it has lived for
                a second.
    ready_seconds:  how long that may take.
    writes:     logs that it writes beside its own, kept as short.
    stop_by:    the signal that ends it in order.
    ends:       it comes to an end by itself after a while, which is no news, and is then started again.
    once:       it is ready when it has ended well, and is not started again.
    every_seconds:  a job: nobody waits for it; it is started *first_seconds* after all others were ready, and then so
                long after its last start.
    """

    name: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    address: str = ""
    ready_url: str = ""
    ready_status: int = 200
    ready: Callable[[], bool] | None = None
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # secrets are among it
    directory: Path = ROOT
    ready_seconds: float = 60.0
    writes: tuple[Path, ...] = ()
    stop_by: signal.Signals = signal.SIGTERM
    ends: bool = False
    once: bool = False
    every_seconds: float | None = None
    first_seconds: float = 0.0

    def is_ready(self, *, age_seconds: float, enough_seconds: float) -> bool:
        """Whether its process, so old, does its work; *enough_seconds*: what makes it so where it cannot be asked."""
        if self.once:
            return False
        if self.ready is not None:
            return self.ready()
        if self.ready_url:
            return answers(self.ready_url, self.ready_status)
        return age_seconds >= enough_seconds


class Child:
    """A running part: the leader of a process group of its own."""

    def __init__(self, part: Part, *, log: Path, environment: Mapping[str, str]) -> None:
        """Start *part*, its output appended to *log*.

        Raises:  OSError: it cannot be started.
        """
        self._stop_by = part.stop_by
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                part.command,
                env={**os.environ, **part.environment, **environment},
                cwd=part.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a Ctrl-C at the terminal is the supervisor's: parts stop in order
            )
        self.pid = self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; else its exit code, as minus the signal's number when one ended it."""
        if self._process.returncode is not None:
            return self._process.returncode
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        # Before it is reaped, so that the group's id cannot be another's: workers must not outlive it.
        self.kill()
        return self._process.wait()

    def ask_to_stop(self) -> None:
        """The part's own signal to the leader, which ends its own workers."""
        self._signal(self._stop_by)

    def reload(self) -> None:
        """SIGHUP to the leader."""
        self._signal(signal.SIGHUP)

    def kill(self) -> None:
        """SIGKILL to the whole group."""
        if self._process.returncode is None:
            os.killpg(self.pid, signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.exit_code() is None:
            os.kill(self.pid, number)


def how_it_ended(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
