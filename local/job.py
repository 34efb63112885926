"""A part that is started again and again: does its work, ends, and waits for its next turn."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from local.part import Child, Part, how_it_ended
from local.tended import Say

DONE = 0


class Job:
    """A job and, while it works, its process. `look` moves it on."""

    def __init__(self, part: Part, *, log: Path, environment: Mapping[str, str], say: Say) -> None:
        """*part*: with `every_seconds`; the first turn comes `first_seconds` from now."""
        assert part.every_seconds is not None
        self.part = part
        self.log = log
        self._every_seconds = part.every_seconds
        self._environment = environment
        self._say = say
        self._child: Child | None = None
        self._due = time.monotonic() + part.first_seconds

    def look(self) -> None:
        """Start it if its turn has come; say so if it did not end well. One that still works is not started twice."""
        if self._child is not None:
            code = self._child.exit_code()
            if code is None:
                return
            self._child = None
            if code != DONE:
                self._say(self.part.name, f"{how_it_ended(code)}: see {self.log}")
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + self._every_seconds
            self._start()

    def kill(self) -> None:
        """End it at once: what it does is a transaction, and its next turn does it again."""
        if self._child is not None:
            self._child.kill()
            while self._child.exit_code() is None:
                time.sleep(0.01)
            self._child = None

    def _start(self) -> None:
        try:
            self._child = Child(self.part, log=self.log, environment=self._environment)
        except OSError as error:
            self._say(self.part.name, f"cannot be started: {error}")
