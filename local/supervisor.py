"""Keeps the parts running: started in order, each ready before the next; started again; stopped in reverse.

One thread and no callbacks: whoever owns the supervisor calls `tick` a few times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from local.errors import StartFailed, StopRequested
from local.part import Part
from local.tended import Say, Tended

PAUSE_SECONDS = 0.1
LOG_LINES = 5


class Supervisor:
    """The parts that were started, in that order."""

    def __init__(
        self,
        *,
        logs: Path,
        environment: Mapping[str, str],
        say: Say,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        """*logs*: a directory. *environment*: for every part. *stopping*: whether to give up starting."""
        self._logs = logs
        self._environment = environment
        self._say = say
        self._stopping = stopping
        self._parts: list[Tended] = []

    def start(self, part: Part) -> None:
        """Start *part* and wait until it is ready; the earlier ones are looked after meanwhile.

        Raises:  StartFailed, StopRequested.
        """
        log = _fresh_log(self._logs, part.name)
        tended = Tended(part, log=log, environment=self._environment, say=self._say)
        self._parts.append(tended)
        while not tended.ready:
            if self._stopping():
                raise StopRequested(part.name)
            self.tick()
            if tended.failure:
                raise StartFailed(f"{part.name} did not start: {tended.failure}\n{_end_of(log)}")
            time.sleep(PAUSE_SECONDS)

    def tick(self) -> None:
        """Look at every part once."""
        for tended in self._parts:
            tended.look()

    def reload(self, name: str) -> None:
        """Ask the part called *name* to read its configuration again, if it runs."""
        for tended in self._parts:
            if tended.part.name == name:
                tended.reload()

    def stop(self, *, within_seconds: float, hasty: Callable[[], bool] = lambda: False) -> None:
        """Stop every part, the last started first. What does not end in its share of the time is killed.

        *hasty*: whether people have lost their patience; the rest is then killed at once.
        """
        deadline = time.monotonic() + within_seconds
        while self._parts:
            # Each has a share of what is left, so that a stubborn one does not use up the time of the rest.
            share = (deadline - time.monotonic()) / len(self._parts)
            self._parts.pop().stop(patience_seconds=share, hasty=hasty)


def _fresh_log(directory: Path, name: str) -> Path:
    """An empty log for *name*; the last run's is kept beside it as .1."""
    log = directory / f"{name}.log"
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    log.touch(mode=0o600)
    return log


def _end_of(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join((f"the end of {log}:", *(f"  {line}" for line in lines)))
