"""How wrong the shown budget is: the recorded use of a period against the events that were really counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench import traffic
from bench.engines import METRIC, both, spec
from bench.evaluator import Database
from bench.grid import Floats
from bench.plan import Plan
from bench.simulation import run
from bench.table import Row
from bench.traffic import DAY, Fault
from slo.rule import Group

PERIOD = "slo:sli_error:ratio_rate30d"
DAYS = 31  # a day more than the period: the service is older than what is measured
BASE_SHARE = 0.0002
OUTAGE_SHARE = 0.5
OUTAGE_SECONDS = 3600
SCRAPES = (15, 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A month of traffic of so many requests a second, and the middle of its one outage, in days from the start.

    `ratio` is the daily peak over the trough. `seeds`: so many random months instead of one that is even.
    """

    name: str
    mean: float
    ratio: float
    outage_day: float
    seeds: int = 0


CASES = (
    Case(name="peak", mean=100, ratio=20, outage_day=16.5),
    Case(name="trough", mean=100, ratio=20, outage_day=16.0),
    Case(name="600ph", mean=600 / 3600, ratio=1, outage_day=16.25, seeds=10),
)


def measure(plan: Plan) -> Iterator[Row]:
    """`budget_error_CASE`, at 15 s and at 60 s scrapes."""
    engines = both(spec())
    for case in CASES:
        for scrape_seconds in SCRAPES:
            plan.say(f"budget: 30 days, {case.name}, scraped every {scrape_seconds} s")
            yield Row(
                name=f"budget_error_{case.name}" + ("" if scrape_seconds == 15 else f"_{scrape_seconds}s"),
                unit="share",
                ours=mean_error(case, engines.ours, scrape_seconds),
                peer=mean_error(case, engines.sloth, scrape_seconds),
            )


def mean_error(case: Case, groups: tuple[Group, ...], scrape_seconds: int) -> float:
    """|recorded / true − 1| of the 30 days before the end of the simulation; the mean of a random case's months."""
    errors = []
    for seed in range(max(1, case.seeds)):
        found, truth = month(case, scrape_seconds, seed)
        run(groups, found, DAYS * DAY, (PERIOD,))
        (recorded,) = found.series[PERIOD]
        if not recorded.present[-1]:
            raise ValueError(f"{case.name}: nothing is recorded at the end")
        errors.append(abs(float(recorded.values[-1]) / truth - 1))
    return float(np.mean(errors))


def month(case: Case, scrape_seconds: int, seed: int = 0) -> tuple[Database, float]:
    """The counters of *case*, and the true share of bad events in the last 30 of its days."""
    grid = traffic.scrapes(DAYS * DAY, scrape_seconds, phase=7.0)
    # The two ends of the period are counted as well, whether or not they are scraped.
    ends = np.array([(DAYS - 30) * DAY, DAYS * DAY], dtype=np.float64)
    times = np.concatenate((grid.times / 1000, ends))
    total, failed = _random(case, times, seed) if case.seeds else _even(case, times)
    truth = (failed[-1] - failed[-2]) / (total[-1] - total[-2])
    return traffic.database(grid, total[:-2], failed[:-2], METRIC), float(truth)


def _outage(case: Case) -> Fault:
    middle = case.outage_day * DAY
    return Fault(start=middle - OUTAGE_SECONDS / 2, end=middle + OUTAGE_SECONDS / 2, share=OUTAGE_SHARE)


def _even(case: Case, times: Floats) -> tuple[Floats, Floats]:
    def count(at: Floats) -> Floats:
        return traffic.sine_events(at, case.mean, case.ratio)

    return np.floor(count(times)), np.floor(traffic.failed_events(count, times, BASE_SHARE, (_outage(case),)))


def _random(case: Case, times: Floats, seed: int) -> tuple[Floats, Floats]:
    return traffic.random_events(np.random.default_rng(seed), times, case.mean, BASE_SHARE, _outage(case))
