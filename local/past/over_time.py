"""Sums and averages over time of what is known for each minute, at every minute."""

from __future__ import annotations

import numpy as np

from local.past.draw import Floats
from local.past.timeline import MINUTE
from slo.rule_context import SLOW_SECONDS

STEP_MINUTES = SLOW_SECONDS // MINUTE


def last(values: Floats, count: int) -> Floats:
    """Sum of the last *count* values at each place; before the first there is nothing."""
    sums = np.concatenate(([0.0], np.cumsum(values)))
    ends = np.arange(1, len(values) + 1)
    return sums[ends] - sums[np.maximum(ends - count, 0)]


def average(values: Floats, seconds: int) -> Floats:
    """The average of a window's samples, one each two minutes of the clock: the first value is at such."""
    sampled = values[::STEP_MINUTES]
    there, count = ~np.isnan(sampled), seconds // SLOW_SECONDS
    sums = last(np.where(there, sampled, 0.0), count)
    counts = last(there.astype(np.float64), count)
    found = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return np.repeat(found, STEP_MINUTES)[: len(values)]
