"""Durations counted in buckets that grow by four per cent, so that counts of many processes add up to percentiles."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

SMALLEST_SECONDS = 0.0005
GROWTH = 1.04
_LOG = math.log(GROWTH)

Pairs = list[list[int]]
"""Numbers of buckets, each with its count: what goes over the wire."""


@dataclass(slots=True)
class Histogram:
    """Counts by bucket. A percentile is its bucket's upper end: at most four per cent too high, never too low."""

    counts: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, pairs: Iterable[Sequence[int]]) -> "Histogram":
        """The one that was sent as *pairs*."""
        return cls(Counter({bucket: count for bucket, count in pairs}))  # noqa: C416  # a pair is a list here

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[_bucket(seconds)] += 1

    def merge(self, other: "Histogram") -> None:
        """Count what *other* has counted, too."""
        self.counts.update(other.counts)

    def pairs(self) -> Pairs:
        """All of it for the wire."""
        return [[bucket, count] for bucket, count in sorted(self.counts.items())]

    @property
    def count(self) -> int:
        """How many durations there are."""
        return self.counts.total()

    def above(self, seconds: float) -> int:
        """How many durations were longer."""
        limit = _bucket(seconds)
        return sum(count for bucket, count in self.counts.items() if bucket > limit)

    def percentile(self, percent: float) -> float | None:
        """Seconds within which *percent* (above 0, to 100) of all durations lie; None of none."""
        needed, seen = math.ceil(self.count * percent / 100 - 1e-9), 0
        for bucket, count in sorted(self.counts.items()):
            seen += count
            if seen >= needed:
                return SMALLEST_SECONDS * GROWTH**bucket
        return None


def _bucket(seconds: float) -> int:
    return 0 if seconds <= SMALLEST_SECONDS else math.ceil(math.log(seconds / SMALLEST_SECONDS) / _LOG - 1e-9)
