"""A Prometheus that answers from memory: what is asked of a metric gets the series that a test gave for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from budget.answers import Sample, Series
from budget.errors import QueryFailed

END = 1_800_000_000.0
Labels = Mapping[str, str]


class Answers:
    """By a part of a question: the labels and the latest value of each series. The first part that fits answers."""

    def __init__(self, known: Mapping[str, Sequence[tuple[Labels, float]]], *, refused: str = "") -> None:
        self._known, self._refused = known, refused
        self.asked: list[str] = []

    def instant(self, query: str, *, at: float | None = None) -> tuple[Sample, ...]:
        """The latest values."""
        return tuple(Sample(labels=labels, value=value, at=at or END) for labels, value in self._found(query))

    def range(self, query: str, *, start: float, end: float, step_seconds: float) -> tuple[Series, ...]:
        """Lines that rise from nought to the latest value."""
        moments = [start + step_seconds * place for place in range(int((end - start) / step_seconds) + 1)]
        last = max(1, len(moments) - 1)
        return tuple(
            Series(labels=labels, points=tuple((at, value * place / last) for place, at in enumerate(moments)))
            for labels, value in self._found(query)
        )

    def _found(self, query: str) -> Sequence[tuple[Labels, float]]:
        self.asked.append(query)
        if self._refused and self._refused in query:
            raise QueryFailed("answered 422: too many samples")
        return next((series for part, series in self._known.items() if part in query), ())
