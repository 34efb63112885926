"""A Prometheus that is asked seldom for what is dear: what looks back for days hardly changes within a minute."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from budget.answers import RuleGroup, Sample, Series
from slo import windows

Answer = TypeVar("Answer")
KEPT_SECONDS, RULES_SECONDS = 60.0, 15.0
_MOST_KEPT = 200
_RANGE = re.compile(r"\[(\d+)([smhdw])[:\]]")


class Server(Protocol):
    """What is asked: `budget.prometheus.Prometheus`, or a fake of it."""

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query*."""

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query* from *start* to *end*."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group."""


class Thrifty:
    """*server*, with a memory of a minute for questions of a day and more, and a shorter one for its rules."""

    def __init__(self, server: Server, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._server, self._clock = server, clock
        self._lock = threading.Lock()
        self._answers: dict[str, tuple[float, Any]] = {}

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """Value of *query*; one of now that looks back far may be a minute old."""
        if at is not None or not _looks_back(query):
            return self._server.instant(query, at=at)
        return self._kept(query, KEPT_SECONDS, lambda: self._server.instant(query))

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Values of *query*, asked for each time."""
        return self._server.range(query, start=start, end=end, step_seconds=step_seconds)

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group, as it was a moment ago."""
        return self._kept("rules", RULES_SECONDS, self._server.rules)

    def _kept(self, name: str, seconds: float, ask: Callable[[], Answer]) -> Answer:
        with self._lock:
            kept = self._answers.get(name)
        if kept is None or self._clock() - kept[0] >= seconds:
            kept = self._clock(), ask()
            with self._lock:
                if len(self._answers) >= _MOST_KEPT:  # what has a time in it is never asked again
                    self._answers.clear()
                self._answers[name] = kept
        found: Answer = kept[1]
        return found


def _looks_back(query: str) -> bool:
    sizes = {"s": 1, "m": windows.MINUTE, "h": windows.HOUR, "d": windows.DAY, "w": 7 * windows.DAY}
    return any(int(count) * sizes[unit] >= windows.DAY for count, unit in _RANGE.findall(query))
