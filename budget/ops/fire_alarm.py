"""The fire alarm: a figure on this page's own /metrics that pages whoever is on call, to see that pages arrive.

The alert is FireAlarmCheck (alerts/specs/infrastructure.yaml). It ends by itself, as it does when the process ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from budget.answers import RuleGroup, Sample

SOUNDS_SECONDS = 300.0
METRIC = "tillwatch_drill_alarm"
ALERT = "FireAlarmCheck"


class Source(Protocol):
    """What is asked."""

    def instant(self, query: str) -> tuple[Sample, ...]:
        """Value of *query* now."""

    def rules(self) -> tuple[RuleGroup, ...]:
        """Every loaded rule group."""


class FireAlarm:
    """Off, or on until a moment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until = 0.0

    def sound(self) -> None:
        """On, for five minutes from now."""
        with self._lock:
            self._until = self._clock() + SOUNDS_SECONDS

    def end(self) -> None:
        """Off."""
        with self._lock:
            self._until = 0.0

    @property
    def seconds_left(self) -> float:
        """0 while it is off."""
        with self._lock:
            return max(0.0, self._until - self._clock()) if self._until else 0.0


def why_unheard(source: Source) -> str:
    """Why nobody would be paged by it, as Prometheus was set up; empty where a page is expected.

    Raises:  Unreachable, QueryFailed.
    """
    if not any(rule.name == ALERT for group in source.rules() for rule in group.rules):
        return f"Prometheus has no rule {ALERT}"
    # The figure itself, whatever the job is called that scrapes it.
    return "" if source.instant(METRIC) else "Prometheus does not scrape this page's /metrics"


def exposition(alarm: FireAlarm, *, refused_sign_ins: int) -> str:
    """The page's own figures, as Prometheus reads them."""
    return (
        f"# HELP {METRIC} 1 while somebody checks that pages arrive.\n"
        f"# TYPE {METRIC} gauge\n"
        f"{METRIC} {int(alarm.seconds_left > 0)}\n"
        "# HELP tillwatch_ops_refused_sign_ins_total Tries to sign in with a wrong token.\n"
        "# TYPE tillwatch_ops_refused_sign_ins_total counter\n"
        f"tillwatch_ops_refused_sign_ins_total {refused_sign_ins}\n"
    )
