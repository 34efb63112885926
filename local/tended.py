"""One part under care: starting, ready, or waiting to be started again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from local.part import Child, Part, how_it_ended
from local.probe import is_ready

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 15.0
STEADY_SECONDS = 30.0  # a part that lived so long starts again with the first backoff
ALIVE_SECONDS = 1.0
STOP_LOOK_SECONDS = 0.02


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
        self._since = time.monotonic()
        self._start_at = self._since
        self._backoff = FIRST_BACKOFF_SECONDS

    def look(self) -> None:
        """Start it if that is due; notice that it ended, became ready, or takes too long."""
        if self._child is None:
            if time.monotonic() >= self._start_at:
                self._spawn()
        elif (code := self._child.exit_code()) is not None:
            lived = time.monotonic() - self._since
            expected = self.part.ends and code >= 0 and lived >= STEADY_SECONDS
            self._ended(self._verdict or how_it_ended(code), expected=expected)
        elif not self.ready:
            self._check(self._child)

    def reload(self) -> None:
        """Ask it to read its configuration again, if it runs."""
        if self._child is not None:
            self._child.reload()

    def stop(self, *, patience_seconds: float, hasty: Callable[[], bool]) -> None:
        """End it: asked first, killed after *patience_seconds* or once *hasty* says so."""
        if self._child is None:
            return
        child, self._child = self._child, None
        child.ask_to_stop()
        deadline = time.monotonic() + patience_seconds
        killed = False
        while child.exit_code() is None:
            if not killed and (time.monotonic() > deadline or hasty()):
                child.kill()
                killed = True
            time.sleep(STOP_LOOK_SECONDS)
        self._say(self.part.name, "killed: it did not stop in time" if killed else "stopped")

    def _spawn(self) -> None:
        self._since, self.ready, self._verdict = time.monotonic(), False, ""
        try:
            self._child = Child(self.part, log=self.log, environment=self._environment)
        except OSError as error:
            self._ended(str(error), expected=False)

    def _check(self, child: Child) -> None:
        url, age = self.part.ready_url, time.monotonic() - self._since
        if is_ready(url) if url else age >= ALIVE_SECONDS:
            self.ready = self._was_ready = True
            self._say(self.part.name, f"ready after {age:.1f} s  {self.part.address}".rstrip())
        elif age > self.part.ready_seconds:
            self._verdict = f"not ready after {self.part.ready_seconds:g} s"
            child.kill()  # and the next look finds its end

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
