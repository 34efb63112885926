"""Keeps the parts running: each started when what it needs is ready, started again, and stopped before what it needs.

One thread and no callbacks: whoever owns the supervisor calls `tick` a few times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from local import log_files
from local.errors import StartFailed, StopRequested
from local.job import Job
from local.part import Part
from local.tended import Say, Tended

PAUSE_SECONDS = 0.05
STOP_LOOK_SECONDS = 0.02
TRIM_SECONDS = 30.0
# A service gives its requests in flight two seconds and then ends its threads; most others end in a tenth.
ENOUGH_SECONDS = 3.0
LEAST_SECONDS = 0.5


class Supervisor:
    """The parts that were started."""

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
        self._parts: dict[str, Tended] = {}
        self._jobs: list[Job] = []
        self._trim_at = time.monotonic() + TRIM_SECONDS

    def start(self, *parts: Part) -> None:
        """Start *parts*, at once what needs no other, and wait until all are ready; jobs begin to count from then.

        Raises:  StartFailed, StopRequested.
        """
        new = [self._tended(part) for part in parts if part.every_seconds is None]
        self._parts |= {tended.part.name: tended for tended in new}
        while not all(tended.ready for tended in new):
            if self._stopping():
                raise StopRequested(", ".join(tended.part.name for tended in new if not tended.ready))
            self.tick()
            for tended in new:
                if tended.failure and not tended.ready:
                    name, log = tended.part.name, tended.log
                    raise StartFailed(f"{name} did not start: {tended.failure}\n{log_files.end_of(log)}")
            time.sleep(PAUSE_SECONDS)
        for part in parts:
            if part.every_seconds is not None:
                log = log_files.fresh(self._logs, part.name)
                self._jobs.append(Job(part, log=log, environment=self._environment, say=self._say))

    def tick(self) -> None:
        """Look at every part once."""
        for tended in self._parts.values():
            if tended.ready or tended.failure or all(self._is_ready(name) for name in tended.part.needs):
                tended.look()
        for job in self._jobs:
            job.look()
        if time.monotonic() >= self._trim_at:
            self._trim_at = time.monotonic() + TRIM_SECONDS
            log_files.trim(self._logs_of_all())

    def reload(self, name: str) -> None:
        """Ask the part called *name* to read its configuration again, if it runs."""
        if tended := self._parts.get(name):
            tended.reload()

    def stop(self, *, within_seconds: float, hasty: Callable[[], bool] = lambda: False) -> None:
        """Stop every part, each after those that need it. What does not end in its share of the time is killed.

        *hasty*: whether people have lost their patience; the rest is then killed at once.
        """
        deadline = time.monotonic() + within_seconds
        for job in self._jobs:
            job.kill()
        waves = list(_waves(self._parts))
        while waves:
            share = _share(deadline - time.monotonic(), later=len(waves) - 1)
            _stop(waves.pop(0), patience_seconds=share, hasty=hasty)
        self._parts.clear()
        self._jobs.clear()

    def _tended(self, part: Part) -> Tended:
        log = log_files.fresh(self._logs, part.name)
        return Tended(part, log=log, environment=self._environment, say=self._say)

    def _logs_of_all(self) -> Iterator[Path]:
        for tended in self._parts.values():
            yield from (tended.log, *tended.part.writes)
        yield from (job.log for job in self._jobs)

    def _is_ready(self, name: str) -> bool:
        # What is not among the parts is somebody else's to start.
        return name not in self._parts or self._parts[name].ready


def _share(left_seconds: float, *, later: int) -> float:
    """How long a wave may take of *left_seconds* when so many come *later*.

    A part that does its work to the end has the time for that, even where many waves end at once; a stubborn one does
    not use up the time of the rest.
    """
    return max(min(ENOUGH_SECONDS, left_seconds - later * LEAST_SECONDS), left_seconds / (later + 1))


def _waves(parts: Mapping[str, Tended]) -> Iterator[list[Tended]]:
    """Parts that may stop together, in order: no part is before one that needs it. The last started are first."""
    left = {name: parts[name] for name in reversed(list(parts))}
    while left:
        needed = {name for tended in left.values() for name in tended.part.needs}
        # Parts that need one another in a circle would never have started.
        wave = [tended for name, tended in left.items() if name not in needed] or list(left.values())
        for tended in wave:
            del left[tended.part.name]
        yield wave


def _stop(wave: Sequence[Tended], *, patience_seconds: float, hasty: Callable[[], bool]) -> None:
    for tended in wave:
        tended.ask_to_stop()
    deadline = time.monotonic() + patience_seconds
    killed = False
    # A list, so that each of them says its end as soon as it has come.
    while not all([tended.has_stopped() for tended in wave]):  # noqa: C419
        if not killed and (time.monotonic() > deadline or hasty()):
            killed = True
            for tended in wave:
                tended.kill()
        time.sleep(STOP_LOOK_SECONDS)
