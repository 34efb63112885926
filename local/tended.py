"""One part under care: waiting for what it needs, starting, ready, or waiting to be started again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from local.part import Child, Part, how_it_ended

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a part that lived so long starts again with the first backoff
ALIVE_SECONDS = 1.0
LOOK_SECONDS = 0.1
PART = "TILLWATCH_PART"
"""In the environment of a part's processes: which part they are."""


class Say(Protocol):
    """Tells people about an event of a part, in one line."""

    def __call__(self, part: str, text: str) -> None:
        """Say *text* of *part*."""


class Tended:
    """A part and its process. `look` moves it on; nothing happens between two looks."""

    def __init__(self, part: Part, *, log: Path, environment: Mapping[str, str], say: Say) -> None:
        """*environment*: given to the process beside the part's own. *log*: a file, appended to."""
        self.part = part
        self.log = log
        self.ready = False
        self.failure = ""  # why it last ended
        self._environment = environment
        self._say = say
        self._child: Child | None = None
        self._was_ready = False
        self._verdict = ""  # why we killed it, if we did
        self._since = self._start_at = time.monotonic()
        self._looked_at = 0.0
        self._backoff = FIRST_BACKOFF_SECONDS

    def look(self) -> None:
        """Start it if that is due; notice that it ended, became ready, or takes too long."""
        if self._child is None:
            if not (self.part.once and self.ready) and time.monotonic() >= self._start_at:
                self._spawn()
        elif (code := self._child.exit_code()) is not None:
            self._found_ended(code)
        elif not self.ready:
            self._check(self._child)

    def reload(self) -> None:
        """Ask it to read its configuration again, if it runs."""
        if self._child is not None:
            self._child.reload()

    def ask_to_stop(self) -> None:
        """Ask it to end, and do not start it again: `has_stopped` tells when it has."""
        self._start_at = float("inf")
        if self._child is not None:
            self._child.ask_to_stop()

    def kill(self) -> None:
        """End it at once."""
        self._verdict = "killed: it did not stop in time"
        if self._child is not None:
            self._child.kill()

    def has_stopped(self) -> bool:
        """Whether it is gone after `ask_to_stop`; says so, once."""
        if self._child is None:
            return True
        if self._child.exit_code() is None:
            return False
        self._child = None
        self._say(self.part.name, self._verdict or "stopped")
        return True

    def _spawn(self) -> None:
        self._since, self.ready, self._verdict = time.monotonic(), False, ""
        try:
            environment = {**self._environment, PART: self.part.name}
            self._child = Child(self.part, log=self.log, environment=environment)
        except OSError as error:
            self._ended(str(error), expected=False)

    def _check(self, child: Child) -> None:
        now = time.monotonic()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at, age = now, now - self._since
        if self.part.is_ready(age_seconds=age, enough_seconds=ALIVE_SECONDS):
            self._is_ready(f"ready after {age:.1f} s  {self.part.address}".rstrip())
        elif age > self.part.ready_seconds:
            self._verdict = f"not ready after {self.part.ready_seconds:g} s"
            child.kill()  # and the next look finds its end

    def _is_ready(self, text: str) -> None:
        self.ready = self._was_ready = True
        self._say(self.part.name, text)

    def _found_ended(self, code: int) -> None:
        lived = time.monotonic() - self._since
        if self.part.once and code == 0:
            self._child = None
            self._is_ready(f"done in {lived:.1f} s")
            return
        expected = self.part.ends and code >= 0 and lived >= STEADY_SECONDS
        self._ended(self._verdict or how_it_ended(code), expected=expected)

    def _ended(self, failure: str, *, expected: bool) -> None:
        now = time.monotonic()
        if expected or now - self._since >= STEADY_SECONDS:
            self._backoff = FIRST_BACKOFF_SECONDS
        if self._was_ready and not expected:  # before that, whoever starts it tells the failure
            self._say(self.part.name, f"ended ({failure}): starts again in {self._backoff:g} s, see {self.log}")
        self._child, self.ready, self.failure = None, False, failure
        self._start_at = now + self._backoff
        if not expected:
            self._backoff = min(self._backoff * 2, LONGEST_BACKOFF_SECONDS)
