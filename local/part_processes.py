"""The processes of a running platform's parts, and the signals that a person may send them: halt, go on, kill."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

import psutil

from local import lock
from local.errors import FaultRefused, NotRunning
from local.settings import Settings
from local.tended import PART

HALT, KILL = "halt", "kill"
SIGNALS = {HALT: signal.SIGSTOP, KILL: signal.SIGKILL}
"""By what is done to a part. Halted it stands still, its connections open, as on a machine that hangs."""


def strike(settings: Settings, part: str, what: str) -> None:
    """Do *what* (`halt` or `kill`) to *part*. What was killed is started again, as every part is.

    Raises:  NotRunning: no platform.  FaultRefused: it runs no such part.
    """
    _send(settings, part, SIGNALS[what])


def go_on(settings: Settings, part: str) -> None:
    """Have *part* go on where it was halted; one that was not is none the wiser.

    Raises:  NotRunning, FaultRefused.
    """
    _send(settings, part, signal.SIGCONT)


def running(settings: Settings) -> dict[str, psutil.Process]:
    """The leader of each part that runs, by the part's name.

    Raises:  NotRunning.
    """
    supervisor = lock.holder(settings.lock) if lock.is_held(settings.lock) else None
    if supervisor is None:
        raise NotRunning("no platform is running: start it with make demo")
    return dict(_named(supervisor))


def _named(supervisor: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    try:
        parts = supervisor.children()
    except psutil.Error:
        raise NotRunning("the platform has just ended: start it with make demo") from None
    for process in parts:
        try:
            name = process.environ().get(PART)
        except (psutil.Error, OSError):
            continue  # it has just ended
        # nginx writes its title over its environment, and is no part that is struck.
        if name:
            yield name, process


def _send(settings: Settings, part: str, number: signal.Signals) -> None:
    found = running(settings)
    if part not in found:
        raise FaultRefused(f"{part} is no part that runs: there are {', '.join(sorted(found))}")
    try:
        leader = found[part]
        # Not its group alone: some start others in sessions of their own.
        for process in (leader, *leader.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
    except psutil.NoSuchProcess:
        raise FaultRefused(f"{part} has just ended by itself") from None
