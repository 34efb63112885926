"""A platform of a drill's own: its ports, its state, its copy of the seeded past; gone when the drill is over."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from budget.drill_spec import Drill
from budget.errors import BudgetError
from budget.prometheus import Prometheus
from local import lock
from local.errors import DrillFailed
from local.keeper import Keeper
from local.log_files import end_of
from local.preflight import is_free
from local.settings import BASE, PORTS, ROOT, Settings

FIRST_BASE, BASE_STEP, LAST_BASE = 20_000, 1_000, 32_000
"""Beyond the platform's own ports, and below those that the system hands out by itself."""
START_SECONDS = 240.0
STOP_SECONDS = 20.0
MOST_SECONDS = 3600
"""A platform that everybody has forgotten stops by itself."""
READY, TAKEN = b"  platform              ready after ", b" is taken: free it"
"""What a platform's log says."""
Stopping = Callable[[], bool]
_STARTS, _STARTING = threading.Condition(), deque[object]()
"""A platform takes all cores while it starts: one after the other, in the order in which they came."""


class Interrupted(Exception):
    """Somebody asked to stop."""


@dataclass(slots=True)
class DrillPlatform:
    """The running platform of one drill.

    mark: in the environment of all that ends with it, whatever becomes of the drill. keep: whether its state stays.
    """

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path
    stopping: Stopping
    mark: Mapping[str, str]
    keep: bool = False

    @property
    def prometheus(self) -> Prometheus:
        """Its Prometheus, with time for a few hours of a record."""
        return Prometheus(self.settings.url("prometheus"), timeout_seconds=60)

    def incidents(self, *, since: float = 0.0) -> list[dict[str, Any]]:
        """What PagerDuty's stand-in was told, and was opened at the Unix time *since* or later; oldest first.

        Raises:  DrillFailed: it does not answer.
        """
        moment = datetime.fromtimestamp(since, UTC).isoformat()
        try:
            answer = urllib3.request(
                "GET",
                f"{self.settings.url('pagerduty')}/incidents",
                fields={"since": moment},
                timeout=10.0,
                retries=urllib3.Retry(3, backoff_factor=0.5),
            )
            return list(answer.json()["incidents"])
        except (urllib3.exceptions.HTTPError, ValueError, KeyError) as error:
            raise DrillFailed(f"PagerDuty's stand-in does not answer: {error}") from error

    def firing(self, *, pending: bool = False) -> set[tuple[str, str, str]] | None:
        """(name, service, severity) of each alert that fires, or is *pending*, as of the rules' last turn; None:
        Prometheus does not answer.
        """
        try:
            found = self.prometheus.alerts()
        except BudgetError:
            return None
        names = ("alertname", "service", "severity")
        states = ("firing", "pending") if pending else ("firing",)
        fires = ([each.labels.get(name, "") for name in names] for each in found if each.state in states)
        return {(alert, service, severity) for alert, service, severity in fires}

    def wait(self, seconds: float) -> None:
        """Let time pass.

        Raises:  Interrupted.  DrillFailed: the platform has ended.
        """
        end = time.monotonic() + seconds
        while True:
            if self.stopping():
                raise Interrupted
            if (code := self.process.poll()) is not None:
                raise DrillFailed(f"its platform ended by itself with exit code {code}\n{end_of(self.log)}")
            left = end - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.2))

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """`python -m` with *command*, in its environment."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=_environment(self.settings),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def start(self, command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
        """Start *command*, which says what it says in *log*; it ends with the platform at the latest."""
        with log.open("wb") as output:
            return subprocess.Popen(
                command,
                cwd=ROOT,
                env={**_environment(self.settings), **self.mark},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )


@contextlib.contextmanager
def running(drill: Drill, settings: Settings, *, stopping: Stopping, keep: bool) -> Iterator[DrillPlatform]:
    """The platform, ready, with the past that *settings* keeps.

    Args:    drill: its state lies below that of *settings*. keep: whether its state stays when it is
             over; that of a drill that failed stays in any case.
    Raises:  DrillFailed: it did not start.  Interrupted.
    """
    state = settings.run.parent / "drills" / drill.name
    if (state / "run").exists() and lock.is_held(state / "run" / "lock"):
        raise DrillFailed(f"somebody carries it out already, in {state}: wait, or name another TILLWATCH_STATE")
    log = state / "platform.log"
    process = keeper = None
    try:
        with _turn(stopping):
            shutil.rmtree(state, ignore_errors=True)
            state.mkdir(mode=0o700, parents=True)
            # Whatever becomes of this process, its platform does not outlive it.
            keeper = Keeper(grace_seconds=STOP_SECONDS)
            for base in _free_bases():
                own = Settings(run=state / "run", port_base=base, kept_history=settings.history)
                process = _started(drill, own, log, keeper)
                found = DrillPlatform(own, process, log, stopping, keeper.environment(), keep)
                if _becomes_ready(found):
                    break
        yield found
        _stop(process)
        if not found.keep:
            shutil.rmtree(state, ignore_errors=True)
    except Interrupted:
        _stop(process)
        if not keep and keeper is not None:  # else it never began, and what is there is another drill's
            shutil.rmtree(state, ignore_errors=True)
        raise
    finally:
        _stop(process)
        if keeper is not None:
            keeper.release()


@contextlib.contextmanager
def _turn(stopping: Stopping) -> Iterator[None]:
    mine = object()
    with _STARTS:
        _STARTING.append(mine)
    try:
        with _STARTS:
            while _STARTING[0] is not mine:
                _STARTS.wait(0.2)
                if stopping():
                    raise Interrupted
        yield
    finally:
        with _STARTS:
            _STARTING.remove(mine)
            _STARTS.notify_all()


def _started(drill: Drill, own: Settings, log: Path, keeper: Keeper) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            [
                sys.executable,
                "-u",
                "-m",
                "local",
                "up",
                "--files",
                "--quiet",
                "--shoppers",
                f"{drill.shoppers:g}",
                "--for",
                str(MOST_SECONDS),
            ],
            cwd=ROOT,
            env={**_environment(own), **keeper.environment()},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C is for the drill, which mends first
        )


def _free_bases() -> Iterator[int]:
    """PORT_BASEs at which every port is free when it is asked for.

    Raises:  DrillFailed: there is none any more.
    """
    for base in range(FIRST_BASE, LAST_BASE, BASE_STEP):
        if all(is_free(port + base - BASE) for port in PORTS.values()):
            yield base
    raise DrillFailed(f"no ports are free for a platform from {FIRST_BASE} to {LAST_BASE}")


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        **os.environ,
        "TILLWATCH_STATE": str(settings.run.parent),
        "TILLWATCH_HISTORY": str(settings.history),
        "PORT_BASE": str(settings.port_base),
    }


def _becomes_ready(platform: DrillPlatform) -> bool:
    """Wait for it. False: somebody else has taken a port meanwhile.

    Raises:  DrillFailed: it ended for another reason, or was not ready in time.  Interrupted.
    """
    deadline = time.monotonic() + START_SECONDS
    while not _says(platform.log, READY):
        try:
            platform.wait(0.2)
        except DrillFailed:
            if _says(platform.log, TAKEN):
                return False
            raise
        if time.monotonic() > deadline:
            raise DrillFailed(f"its platform was not ready after {START_SECONDS:g} s\n{end_of(platform.log)}")
    return True


def _says(log: Path, what: bytes) -> bool:
    return what in log.read_bytes()


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None and process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
