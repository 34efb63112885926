"""Evenly spaced moments and the samples that stand on them: all that the simulator knows of time.

Times are whole milliseconds, as in Prometheus.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """The moments start, start + step, …: `count` of them, in milliseconds."""

    start: int
    step: int
    count: int

    @property
    def times(self) -> Ints:
        """Every moment."""
        return self.start + self.step * np.arange(self.count, dtype=np.int64)

    @property
    def end(self) -> int:
        """The last moment."""
        return self.start + self.step * (self.count - 1)

    def until(self, times: Ints) -> Ints:
        """How many moments there are up to and including each of *times*."""
        return np.clip((times - self.start) // self.step + 1, 0, self.count)

    def before(self, times: Ints) -> Ints:
        """How many moments there are before each of *times*."""
        return np.clip(-((self.start - times) // self.step), 0, self.count)

    @staticmethod
    def spanning(first: int, last: int, step: int) -> Grid:
        """The multiples of *step* from *first* to *last*, both included: how subqueries choose their moments."""
        start = -(-first // step) * step
        return Grid(start, step, max(0, (last - start) // step + 1))


@dataclass(frozen=True, slots=True)
class Series:
    """Values on a grid. Where `present` is false there is no sample: the rule gave nothing there."""

    grid: Grid
    values: Floats
    present: Bools
    labels: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def full(grid: Grid, values: Floats, labels: tuple[tuple[str, str], ...] = ()) -> Series:
        """A series without a gap, such as a counter that is scraped without fail."""
        return Series(grid, values, np.ones(grid.count, dtype=np.bool_), labels)

    def last(self, seconds: int) -> Series:
        """The samples of the last *seconds*, ends included."""
        first = max(0, self.grid.count - seconds * 1000 // self.grid.step - 1)
        grid = Grid(self.grid.start + first * self.grid.step, self.grid.step, self.grid.count - first)
        return Series(grid, self.values[first:], self.present[first:], self.labels)
