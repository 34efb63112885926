"""Simulated traffic: counters of good and bad requests, as Prometheus would have scraped them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.evaluator import Database
from bench.grid import Floats, Grid, Series

DAY = 86_400
JOB = "shop"
OK, FAILED = "200", "500"

# Counters begin well above zero: rate() counts a counter's very first event less.
FIRST_TOTAL, FIRST_FAILED = 10_000, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A stretch of time in which a share of the requests fails; seconds from the start of the simulation."""

    start: float
    end: float
    share: float


def scrapes(seconds: int, every: int = 15, phase: float = 0.0) -> Grid:
    """The moments of *seconds* at which counters are scraped, the first one *phase* seconds from the start."""
    step = every * 1000
    first = round(phase * 1000)
    return Grid(first, step, (seconds * 1000 - first) // step + 1)


def sine_events(times: Floats, mean: float, ratio: float) -> Floats:
    """Requests since 0 under daily traffic whose peak is *ratio* times its trough; the trough is at 0.

    Args:    times: seconds. mean: requests per second.
    """
    swing = (ratio - 1) / (ratio + 1)
    angle = 2 * np.pi / DAY
    return mean * (times - swing * np.sin(angle * times) / angle)


def failed_events(count: Callable[[Floats], Floats], times: Floats, share: float, faults: tuple[Fault, ...]) -> Floats:
    """Failed requests since 0: *share* of all that *count* tells, and the share of each fault within it."""
    failed = share * count(times)
    for fault in faults:
        inside = count(np.clip(times, fault.start, fault.end)) - count(np.array([fault.start]))
        failed = failed + (fault.share - share) * inside
    return failed


def random_events(
    rng: np.random.Generator, times: Floats, per_second: float, share: float, fault: Fault
) -> tuple[Floats, Floats]:
    """Requests and failed requests since 0 at each of *times*: Poisson arrivals, each failing by chance."""
    last = float(times.max())
    arrivals = np.sort(rng.uniform(0, last, rng.poisson(per_second * last)))
    during = (arrivals >= fault.start) & (arrivals < fault.end)
    fails = rng.random(len(arrivals)) < np.where(during, fault.share, share)
    return _count(arrivals, times), _count(arrivals[fails], times)


def _count(arrivals: Floats, times: Floats) -> Floats:
    return np.searchsorted(arrivals, times, "right").astype(np.float64)


def random_counts(rng: np.random.Generator, grid: Grid, per_second: float, share: float) -> tuple[Floats, Floats]:
    """The same without a fault, drawn for each scrape instead of each request: fit for thousands of months."""
    arrivals = rng.poisson(per_second * grid.step / 1000, grid.count)
    failures = rng.binomial(arrivals, share)
    return np.cumsum(arrivals).astype(np.float64), np.cumsum(failures).astype(np.float64)


def database(grid: Grid, total: Floats, failed: Floats, metric: str) -> Database:
    """The two counters of a service, split by status code."""
    found = Database()
    for code, values in ((OK, FIRST_TOTAL + total - failed), (FAILED, FIRST_FAILED + failed)):
        found.add(metric, Series.full(grid, values, (("code", code), ("job", JOB))))
    return found
