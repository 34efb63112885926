"""How often somebody is told for nothing: months of sparse traffic in which the SLO is met."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench import traffic
from bench.engines import METRIC, PAGE, TICKET, Engines, both, spec
from bench.evaluator import Database
from bench.plan import Plan
from bench.simulation import firing, run, starts
from bench.table import Row
from bench.traffic import DAY
from slo.rule import Group

WARM_UP_DAYS = 3  # the longest window of an alert
DAYS = WARM_UP_DAYS + 30
SHARE = 0.0005  # half of what 99.9 % allows
MONTHS, QUICK_MONTHS = 500, 60
WORKERS = 2
SCRAPE_SECONDS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """So many requests an hour, and the alerts that are counted."""

    per_hour: int
    alerts: tuple[str, ...]


CASES = (
    Case(per_hour=60, alerts=(PAGE, TICKET)),
    Case(per_hour=240, alerts=(PAGE,)),
    Case(per_hour=10, alerts=(TICKET,)),
)
_NAMES = {PAGE: "false_pages", TICKET: "false_tickets"}


def measure(plan: Plan) -> Iterator[Row]:
    """`false_pages_Nrph` and `false_tickets_Nrph`: the mean over seeded months."""
    engines = both(spec())
    months = QUICK_MONTHS if plan.quick else MONTHS
    context = multiprocessing.get_context("forkserver")
    with context.Pool(WORKERS, initializer=_leave_interrupts_to_parent) as pool:
        for case in CASES:
            jobs = [(case, engines, seed) for seed in range(months)]
            counted = pool.imap(_month_of_both, jobs, chunksize=5)
            told = plan.counted(f"{case.per_hour} requests/h: months", counted, every=50)
            means = np.mean(list(told), axis=0)  # [engine, alert]
            for index, alert in enumerate(case.alerts):
                yield Row(
                    name=f"{_NAMES[alert]}_{case.per_hour}rph",
                    unit="in 30 d",
                    ours=float(means[0, index]),
                    peer=float(means[1, index]),
                )


def _leave_interrupts_to_parent() -> None:
    """Ctrl-C reaches the whole group; the parent ends its workers when it leaves the pool."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _month_of_both(job: tuple[Case, Engines, int]) -> list[list[int]]:
    case, engines, seed = job
    return [counts(month(seed, case.per_hour), groups, case.alerts) for _, groups in engines]


def month(seed: int, per_hour: float, days: float = DAYS) -> Database:
    """The counters of a seeded month of Poisson arrivals; its scrapes have a phase of their own."""
    grid = traffic.scrapes(round(days * DAY), SCRAPE_SECONDS, phase=float(seed % SCRAPE_SECONDS))
    rng = np.random.default_rng(seed)
    return traffic.database(grid, *traffic.random_counts(rng, grid, per_hour / 3600, SHARE), METRIC)


def counts(found: Database, groups: tuple[Group, ...], alerts: tuple[str, ...]) -> list[int]:
    """How often each of *alerts* begins to fire in the 30 days after the warm-up."""
    run(groups, found, DAYS * DAY, alerts)
    return [
        starts(firing(series)[series.grid.times > WARM_UP_DAYS * DAY * 1000])
        for (series,) in (found.series[alert] for alert in alerts)
    ]
