"""How well a process that makes load does that: its own CPU, and how late its event loop is.

A generator that is busy begins visits late and sees answers late. What it then measures is itself, so that the run says
nothing about the shop. What it is judged by:

    CPU:  a process runs one thread, which can use one core. Above nine tenths of it for a tenth of the run, whatever
          comes queues behind what is there (at 0.9 a random arrival waits 4.5 times what one takes).
    lag:  what is to happen at a moment happens so much later. It is part of every latency that is measured, and 100 ms
          are a fifth of what a step of browsing may take: more than one in a hundred so late moves the p99. Half a
          dozen in a short run may be the machine's.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synthetics.histogram import Histogram

MAX_CPU_SHARE, MAX_BUSY_SHARE = 0.9, 0.1
MAX_LAG_SECONDS, MAX_LATE_SHARE, FEW_LATE = 0.1, 0.01, 6
LAG_PERCENT = 99.0
TICK_SECONDS = 0.05
CPU_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Meter:
    """Measures the process it is in. wall, cpu: monotonic seconds, and those of CPU that the process has used."""

    wall: Callable[[], float] = time.monotonic
    cpu: Callable[[], float] = time.process_time
    lag: Histogram = field(default_factory=Histogram)
    lag_max: float = 0.0
    shares: list[float] = field(default_factory=list)
    _since: tuple[float, float] = (0.0, 0.0)

    def begin(self) -> None:
        """What was before (imports, waiting) is not counted."""
        self._since = (self.wall(), self.cpu())
        self.lag, self.lag_max, self.shares = Histogram(), 0.0, []

    def run(self, sleep: Callable[[float], None]) -> None:
        """Measure for ever, *sleep*ing in between."""
        self.begin()
        while True:
            before = self.wall()
            sleep(TICK_SECONDS)
            self.woke(self.wall() - before - TICK_SECONDS)

    def woke(self, late_seconds: float) -> None:
        """A sleep ended so much too late."""
        self.lag.add(max(0.0, late_seconds))
        self.lag_max = max(self.lag_max, late_seconds)
        wall, cpu = self.wall(), self.cpu()
        if wall - self._since[0] >= CPU_SECONDS:
            self.shares.append((cpu - self._since[1]) / (wall - self._since[0]))
            self._since = (wall, cpu)

    def take(self) -> dict[str, Any]:
        """What was measured since the last time."""
        found = {"lag": self.lag.pairs(), "lag_max": self.lag_max, "shares": [round(each, 4) for each in self.shares]}
        self.lag, self.lag_max, self.shares = Histogram(), 0.0, []
        return found


@dataclass(slots=True, kw_only=True)
class Health:
    """What one process measured in the whole run."""

    name: str
    lag: Histogram = field(default_factory=Histogram)
    lag_max: float = 0.0
    shares: list[float] = field(default_factory=list)
    latest_lag: float | None = None

    def add(self, measured: Mapping[str, Any]) -> None:
        """Count what `Meter.take` gave, too."""
        latest = Histogram.of(measured["lag"])
        self.lag.merge(latest)
        self.latest_lag = latest.percentile(LAG_PERCENT)
        self.lag_max = max(self.lag_max, measured["lag_max"])
        self.shares += measured["shares"]

    def document(self) -> dict[str, Any]:
        """All of it for the report; seconds, and shares of a core."""
        return {
            "name": self.name,
            "cpu_share_mean": round(sum(self.shares) / len(self.shares), 3) if self.shares else None,
            "cpu_share_max": round(max(self.shares), 3) if self.shares else None,
            "cpu_busy_share": _busy(self.shares),
            "lag_p99": self.lag.percentile(LAG_PERCENT),
            "lag_max": round(self.lag_max, 4),
            "late": self.lag.above(MAX_LAG_SECONDS),
            "late_share": self.lag.above(MAX_LAG_SECONDS) / self.lag.count if self.lag.count else 0.0,
        }


def _busy(shares: list[float]) -> float:
    """The share of the run in which the process used more of its core than it should."""
    return round(sum(each > MAX_CPU_SHARE for each in shares) / len(shares), 3) if shares else 0.0


def faults(generators: list[dict[str, Any]]) -> list[str]:
    """Why what *generators* (documents) measured is not to be believed; one sentence each."""
    found = []
    for each in generators:
        if each["lag_p99"] is None:
            found.append(f"generator {each['name']} measured nothing of itself")
            continue
        if each["cpu_busy_share"] > MAX_BUSY_SHARE:
            found.append(
                f"generator {each['name']} was the bottleneck: above {MAX_CPU_SHARE:.0%} of its core for "
                f"{each['cpu_busy_share']:.0%} of the run (at most {MAX_BUSY_SHARE:.0%}): more --workers, or a "
                "machine of its own"
            )
        if each["late"] > FEW_LATE and each["late_share"] > MAX_LATE_SHARE:
            found.append(
                f"generator {each['name']} was the bottleneck: its loop was more than {MAX_LAG_SECONDS * 1000:.0f} ms "
                f"late in {each['late_share']:.1%} of the run (at most {MAX_LATE_SHARE:.0%}): more --workers, or a "
                "machine of its own"
            )
    return found
