"""Prometheus' functions over range vectors, on numpy arrays.

Source: promql/functions.go of Prometheus 3.16 (extrapolatedRate, funcSumOverTime, funcAvgOverTime); a range is
open at its old end since 3.0, and closed before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.grid import Floats, Grid, Ints, Series


@dataclass(frozen=True, slots=True)
class Window:
    """What a range selects for each moment of `at`: samples `low` (included) to `high` (excluded).

    `seconds` is the range's length, `ends` the moment at which each range ends, in milliseconds.
    """

    at: Grid
    seconds: float
    ends: Ints
    low: Ints
    high: Ints


def window(samples: Grid, at: Grid, range_ms: int, offset_ms: int, left_open: bool) -> Window:
    """The samples of `[range] offset` at each moment of *at*."""
    ends = at.times - offset_ms
    low = samples.until(ends - range_ms) if left_open else samples.before(ends - range_ms)
    return Window(at, range_ms / 1000, ends, low, samples.until(ends))


def rate(series: Series, over: Window) -> Series:
    """rate() of a counter that is scraped without a gap; resets count as in Prometheus."""
    return _scaled(increase(series, over), over.seconds)


def increase(series: Series, over: Window) -> Series:
    """increase() of a counter that is scraped without a gap: extrapolated to the range, never below zero."""
    if not series.present.all():
        raise ValueError("a counter with gaps is not simulated")
    values, step = series.values, series.grid.step / 1000
    present = over.high - over.low >= 2
    first = np.where(present, over.low, 0)
    last = np.where(present, over.high - 1, min(1, len(values) - 1))
    resets = _running(np.where(np.diff(values, prepend=values[:1]) < 0, np.roll(values, 1), 0.0))
    delta = values[last] - values[first] + resets[last + 1] - resets[first + 1]
    sampled = (last - first) * step
    start = (series.grid.start + first * series.grid.step - (over.ends - over.seconds * 1000)) / 1000
    end = (over.ends - series.grid.start - last * series.grid.step) / 1000
    start = np.where(start >= 1.1 * step, step / 2, start)
    end = np.where(end >= 1.1 * step, step / 2, end)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_zero = np.where(delta > 0, sampled * values[first] / delta, start)
    factor = (sampled + np.minimum(start, to_zero) + end) / sampled
    return Series(over.at, np.where(present, delta * factor, 0.0), present, series.labels)


def sum_over_time(series: Series, over: Window) -> Series:
    """sum_over_time(): a NaN in the range makes the sum NaN, a range of zeros exactly zero."""
    present, values = series.present, np.where(series.present, series.values, 0.0)
    nans = np.isnan(values)
    sums = _between(_running(np.where(nans, 0.0, values)), over)
    # Differences of running sums keep a rounding error, which `> 0` would take for traffic.
    sums = np.where(_between(_running(values != 0), over) > 0, sums, 0.0)
    sums = np.where(_between(_running(nans), over) > 0, np.nan, sums)
    return Series(over.at, sums, _between(_running(present), over) > 0, series.labels)


def count_over_time(series: Series, over: Window) -> Series:
    """count_over_time(): samples in the range, NaN or not."""
    count = _between(_running(series.present), over)
    return Series(over.at, count.astype(np.float64), count > 0, series.labels)


def avg_over_time(series: Series, over: Window) -> Series:
    """avg_over_time()."""
    total, count = sum_over_time(series, over), count_over_time(series, over)
    return Series(over.at, total.values / np.maximum(count.values, 1), total.present, series.labels)


def _scaled(series: Series, divisor: float) -> Series:
    return Series(series.grid, series.values / divisor, series.present, series.labels)


def _running(values: np.ndarray) -> Floats:
    """Sums of the first 0, 1, … values."""
    return np.concatenate(([0], np.cumsum(values)))


def _between(running: Floats, over: Window) -> Floats:
    return running[over.high] - running[over.low]


FUNCTIONS: dict[str, Callable[[Series, Window], Series]] = {
    "rate": rate,
    "increase": increase,
    "sum_over_time": sum_over_time,
    "count_over_time": count_over_time,
    "avg_over_time": avg_over_time,
}
