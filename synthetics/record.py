"""What one process of the load has done since it last told so, and the sum of what all of them tell.

A `Record` is in each process that makes visits; what `take` gives travels to the one process that keeps the `Book`.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from synthetics.histogram import Histogram
from synthetics.journey import Outcome

# Of texts that differ: part of each was chosen by the shop.
MAX_ERRORS = 50
Delta = dict[str, Any]


@dataclass(slots=True)
class Row:
    """What happened in one short time of the run. left_out: visits that did not begin, as too many were under way."""

    begun: int = 0
    left_out: int = 0
    requests: int = 0
    failures: int = 0
    latency: Histogram = field(default_factory=Histogram)

    def add(self, other: "Row") -> None:
        """Count what *other* counted, too."""
        self.begun += other.begun
        self.left_out += other.left_out
        self.requests += other.requests
        self.failures += other.failures
        self.latency.merge(other.latency)


@dataclass(slots=True)
class StepCount:
    """Answers to one step of a journey, and how long they took."""

    failures: int = 0
    latency: Histogram = field(default_factory=Histogram)


@dataclass(slots=True, kw_only=True)
class Totals:
    """What is counted, of one process for a while or of all for the whole run.

    rows:      by the Unix second at which each begins. steps: by `journey/step`. visits: by journey and how they
               ended, `begun` being one of the ways. accounts: how many were used.
    cut_off:   visits under way when the run ended.
    """

    rows: defaultdict[int, Row] = field(default_factory=lambda: defaultdict(Row))
    steps: defaultdict[str, StepCount] = field(default_factory=lambda: defaultdict(StepCount))
    visits: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    cut_off: int = 0


@dataclass(slots=True, kw_only=True)
class Record(Totals):
    """Counts in one process; *row_seconds*: how long a row is."""

    row_seconds: int = 1

    def begun(self, journey: str, at: float) -> None:
        """A visit begins, at the Unix time *at*."""
        self.visits[journey, "begun"] += 1
        self._row(at).begun += 1

    def left_out(self, at: float, count: int = 1) -> None:
        """Visits did not begin."""
        self._row(at).left_out += count

    def ended(self, journey: str, outcome: Outcome) -> None:
        """A visit came to its end."""
        self.visits[journey, outcome.value] += 1

    def step(self, journey: str, name: str, *, at: float, seconds: float, error: str | None) -> None:
        """A step ended at the Unix time *at*, *seconds* after it was to begin; *error*: why it failed."""
        counted, row = self.steps[f"{journey}/{name}"], self._row(at)
        counted.latency.add(seconds)
        row.latency.add(seconds)
        row.requests += 1
        if error is not None:
            counted.failures += 1
            row.failures += 1
            if error in self.errors or len(self.errors) < MAX_ERRORS:
                self.errors[error] += 1

    def take(self) -> Delta:
        """All of it for the wire; counting begins anew."""
        delta: Delta = {
            "rows": {
                str(at): [row.begun, row.left_out, row.requests, row.failures, row.latency.pairs()]
                for at, row in self.rows.items()
            },
            "steps": {name: [each.failures, each.latency.pairs()] for name, each in self.steps.items()},
            "visits": [[journey, how, count] for (journey, how), count in self.visits.items()],
            "errors": dict(self.errors),
            "cut_off": self.cut_off,
        }
        self.rows.clear()
        self.steps.clear()
        self.visits.clear()
        self.errors.clear()
        self.cut_off = 0
        return delta

    def _row(self, at: float) -> Row:
        return self.rows[int(at) // self.row_seconds * self.row_seconds]


@dataclass(slots=True, kw_only=True)
class Book(Totals):
    """The sum of what processes told."""

    def add(self, delta: Mapping[str, Any]) -> None:
        """Count what `Record.take` gave, too."""
        for at, (begun, left_out, requests, failures, pairs) in delta["rows"].items():
            self.rows[int(at)].add(Row(begun, left_out, requests, failures, Histogram.of(pairs)))
        for name, (failures, pairs) in delta["steps"].items():
            self.steps[name].failures += failures
            self.steps[name].latency.merge(Histogram.of(pairs))
        for journey, how, count in delta["visits"]:
            self.visits[journey, how] += count
        for text, count in delta["errors"].items():
            if text in self.errors or len(self.errors) < MAX_ERRORS:
                self.errors[text] += count
        self.cut_off += delta["cut_off"]

    def sum(self, begin: float = 0, end: float = float("inf")) -> Row:
        """All rows that begin from *begin* to before *end* (Unix seconds) as one."""
        found = Row()
        for at, row in self.rows.items():
            if begin <= at < end:
                found.add(row)
        return found

    def document(self) -> Delta:
        """All of it as `Record.take` gives it: the whole run as one delta."""
        record = Record(rows=self.rows, steps=self.steps, visits=self.visits, errors=self.errors)
        record.cut_off = self.cut_off
        return record.take()
