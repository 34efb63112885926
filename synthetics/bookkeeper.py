"""Keeps the book of a load run in its one process that all others report to, and says how it goes and how it went."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synthetics.generator import Health
from synthetics.record import Book, Row

# What the lines of the process that keeps the book hold.
LIVE, RESULT = "live", "result"
# What is called `now` on the screen.
WINDOW_SECONDS = 10
PERCENTS = (50, 95, 99)


@dataclass(slots=True, kw_only=True)
class Bookkeeper:
    """row_seconds: how long a row of the book is.  workers: how many processes are to make visits.

    by process: how many visits are under way there, which number its last account has, and how it is.
    """

    row_seconds: int = 1
    workers: int = 1
    book: Book = field(default_factory=Book)
    health: dict[str, Health] = field(default_factory=dict)
    under_way: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    began: float | None = None
    ended: float | None = None
    faults: list[str] = field(default_factory=list)
    stampede: dict[str, Any] | None = None

    @property
    def last_account(self) -> int:
        """Those up to it may have bought something; 0: none."""
        return max(self.accounts.values(), default=0)

    def take(self, process: str, told: Mapping[str, Any]) -> None:
        """Enter what *process* told."""
        self.book.add(told["delta"])
        self.under_way[process] = told["under_way"]
        self.accounts[process] = told["accounts"]
        self.stampede = told.get("stampede") or self.stampede
        name = f"{len(self.health) + 1} of {self.workers}"
        self.health.setdefault(process, Health(name=name)).add(told["generator"])

    def fault(self, text: str) -> None:
        """Something that makes the run invalid; each is said once."""
        if text not in self.faults:
            self.faults.append(text)

    def live(self, now: float) -> dict[str, Any]:
        """How it goes: rates, and percentiles of the last seconds; totals of what is wrong."""
        elapsed = 0.0 if self.began is None else (self.ended or now) - self.began
        window = max(WINDOW_SECONDS, self.row_seconds)
        row, total = self.book.sum(begin=now - window, end=now), self.book.sum()
        seconds = min(window, max(elapsed, 1.0))
        lags = [each.latest_lag for each in self.health.values() if each.latest_lag is not None]
        return {
            "elapsed": elapsed,
            "running": self.began is not None,
            "visits_per_s": row.begun / seconds,
            "requests_per_s": row.requests / seconds,
            **percentiles(row),
            "requests": total.requests,
            "failures": total.failures,
            "left_out": total.left_out,
            "under_way": sum(self.under_way.values()),
            "lag_p99": max(lags, default=None),
            "accounts": self.last_account,
        }

    def result(self, now: float) -> dict[str, Any]:
        """How it went, as a document. A run that never began has no times."""
        return {
            "began": self.began,
            "ended": None if self.began is None else self.ended or now,
            "row_seconds": self.row_seconds,
            "book": self.book.document(),
            "generators": [each.document() for each in self.health.values()],
            "accounts": self.last_account,
            "faults": self.faults,
            "stampede": self.stampede,
        }


def percentiles(row: Row) -> dict[str, float | None]:
    """`p50`, `p95`, `p99` of *row* in seconds; None where it has no answers."""
    return {f"p{percent}": row.latency.percentile(percent) for percent in PERCENTS}
