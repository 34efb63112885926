"""What was read last: asked for anew when it is old, once at a time and beside the page, and kept where that fails."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from budget.errors import BudgetError

Value = TypeVar("Value")
_LOGGER = logging.getLogger(__name__)
SLOW_SECONDS = 3.0
"""Whoever has not answered for so long may not answer at all: people are told."""
LONG_AGO_SECONDS = 60.0
"""An answer that has been old for so long is none of now, also while a newer one is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Generic[Value]):
    """An answer. value: None before the first; at: when it was asked for, in Unix seconds.

    fault: why nothing newer is known, and since when; empty where the answer is of now.
    waits: whether that is because it is still being asked for, or was not asked for lately.
    """

    value: Value | None = None
    at: float | None = None
    fault: str = ""
    since: float | None = None
    waits: bool = False

    @property
    def known(self) -> Value | None:
        """The value, where it is of now."""
        return None if self.fault else self.value


class Kept(Generic[Value]):
    """The answer to one question, for every thread that wants it."""

    def __init__(
        self, ask: Callable[[], Value], *, fresh_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        """*fresh_seconds*: how long an answer, or its failure, is good enough."""
        self._ask, self._fresh_seconds, self._clock = ask, fresh_seconds, clock
        self._changed = threading.Condition()
        self._seen: Seen[Value] = Seen()
        self._asked_at: float | None = None
        self._asking_since: float | None = None
        self._ended_at: float | None = None
        self._void = False

    def start(self) -> None:
        """Ask in the background, if what is here is old and nobody asks already."""
        with self._changed:
            if self._asking_since is not None or not self._is_old():
                return
            self._asking_since, self._void = self._clock(), False
        threading.Thread(target=self._refresh, daemon=True).start()

    def get(self, *, patience_seconds: float) -> Seen[Value]:
        """The answer, if need be after waiting so long for it; else what was known before."""
        deadline = time.monotonic() + patience_seconds
        while True:
            self.start()
            with self._changed:
                left = deadline - time.monotonic()
                if not self._is_old() or left <= 0:
                    return self._shown()
                self._changed.wait(left)

    def peek(self) -> Seen[Value]:
        """What is here, however old, and called so: nobody is asked."""
        with self._changed:
            return self._shown()

    def is_worth_waiting_for(self) -> bool:
        """Whether the last look was not lately, or is the first, and an answer has been asked for just now."""
        with self._changed:
            if self._asking_since is None or self._is_slow():
                return False
            return self._ended_at is None or self._is_old_for(SLOW_SECONDS)

    def forget(self) -> None:
        """Something has changed: an answer that was asked for before now is old."""
        with self._changed:
            self._asked_at, self._void = None, True

    def _is_old(self) -> bool:
        return self._asked_at is None or self._age(self._asked_at) >= self._fresh_seconds

    def _is_slow(self) -> bool:
        return self._asking_since is not None and self._age(self._asking_since) >= SLOW_SECONDS

    def _is_old_for(self, seconds: float) -> bool:
        """Nobody is asked while nobody looks: then the last answer grows old, however fast the next one is."""
        return self._ended_at is not None and self._age(self._ended_at) >= self._fresh_seconds + seconds

    def _age(self, moment: float) -> float:
        """Seconds since *moment*; without end where the clock was set back to before it, so that all is asked anew.

        It is not the monotonic clock, which stands still while a laptop sleeps.
        """
        seconds = self._clock() - moment
        return seconds if seconds >= 0 else math.inf

    def _shown(self) -> Seen[Value]:
        if self._seen.fault or not (self._is_slow() or self._is_old_for(LONG_AGO_SECONDS)):
            return self._seen
        since = self._ended_at if self._asking_since is None else self._asking_since
        return replace(self._seen, fault="there is no answer yet", since=since, waits=True)

    def _refresh(self) -> None:
        began = self._asking_since or self._clock()
        try:
            seen = Seen(value=self._ask(), at=began)
        except BudgetError as error:
            seen = self._failed(str(error), began)
        except Exception:  # the page shows the rest, whatever is wrong with this part of it
            _LOGGER.exception("a part of the page could not be read")
            seen = self._failed("it could not be read: the log says why", began)
        with self._changed:
            self._seen, self._asking_since, self._ended_at = seen, None, self._clock()
            self._asked_at = None if self._void else began
            self._changed.notify_all()

    def _failed(self, fault: str, began: float) -> Seen[Value]:
        before = self._seen
        since = before.since if before.fault and before.since is not None else began
        return Seen(value=before.value, at=before.at, fault=fault, since=since)
