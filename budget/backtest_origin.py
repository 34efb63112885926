"""Where a backtest's history is: in a Prometheus that ran, or in a file's series, put into the backtest's own."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from budget import history
from budget.answers import Series
from budget.backtest_records import Step
from budget.backtest_server import Store
from budget.prometheus import Prometheus

RAW_LOOKBACK = "5m"
"""Prometheus' own: what a file holds may have been scraped every two minutes."""
_MOST_POINTS = 10_000


class Ask(Protocol):
    """Asks for a record of the first level."""

    def __call__(self, step: Step, selector: str, start: float, end: float) -> Iterator[Series]:
        """Its values over the range; *selector* finds the record itself, where it is kept."""


class Origin(Protocol):
    """A history."""

    def opened(self, place: Store) -> AbstractContextManager[Ask]:
        """Something to ask for as long as the block lasts."""

    def named(self) -> str:
        """What was read, for people; after it was."""

    def seeded(self, at: float) -> tuple[float, float] | None:
        """From when to when it is made up, if it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A Prometheus: its records where it has any, else its raw series. *raw*: these in any case."""

    source: Prometheus
    raw: bool = False
    _said: set[str] = field(default_factory=set)

    @contextlib.contextmanager
    def opened(self, place: Store) -> Iterator[Ask]:
        """It is there already."""
        yield self._ask

    def _ask(self, step: Step, selector: str, start: float, end: float) -> Iterator[Series]:
        if not self.raw:
            found = list(asked(self.source, selector, start, end, step.step_seconds))
            if found:
                self._said.add("records")
                yield from found
                return
        self._said.add("raw series")
        yield from asked(self.source, step.record.expr, start, end, step.step_seconds)

    def named(self) -> str:
        """Which of both, and the address."""
        return f"{' and '.join(sorted(self._said))} of {self.source.url}"

    def seeded(self, at: float) -> tuple[float, float] | None:
        """As the local platform marks it."""
        return history.seeded(self.source, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class InStore:
    """Raw series that were put into the store before. *name*: of the file."""

    name: str
    is_seeded: tuple[float, float] | None = None

    @contextlib.contextmanager
    def opened(self, place: Store) -> Iterator[Ask]:
        """The store, served for as long as the block lasts."""
        with place.serving(RAW_LOOKBACK) as server:

            def ask(step: Step, selector: str, start: float, end: float) -> Iterator[Series]:
                return asked(server, step.record.expr, start, end, step.step_seconds)

            yield ask

    def named(self) -> str:
        """The file."""
        return self.name

    def seeded(self, at: float) -> tuple[float, float] | None:
        """As its series mark it."""
        return self.is_seeded


def asked(server: Prometheus, query: str, start: float, end: float, step_seconds: float) -> Iterator[Series]:
    """*query* at every moment of the range that is a whole number of steps before its end."""
    begin = end - step_seconds * math.floor((end - start) / step_seconds)
    chunk = _MOST_POINTS * step_seconds
    return history.ranges(server, query, start=begin, end=end, step_seconds=step_seconds, chunk_seconds=chunk)
