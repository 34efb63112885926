"""How soon a fault pages, and how long the page outlasts it: ours beside sloth's, over every phase of the clocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench import traffic
from bench.engines import METRIC, PAGE, Engines, both, spec
from bench.evaluator import Database
from bench.grid import Floats
from bench.plan import Plan
from bench.simulation import firing, run
from bench.table import Row
from bench.traffic import Fault
from slo.rule import Group

HOUR = 3600
HEALTHY = 8 * HOUR  # longer than any window that pages
BASE_SHARE = 0.0002
EVALUATION_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A steady service and its fault.

    `clears`: measure the last firing after the end, not the first after the start. `random`: arrivals are Poisson.
    `bounded`: ours must not be later than sloth's by more than one evaluation, in any phase.
    """

    name: str
    per_second: float
    share: float
    seconds: int
    clears: bool = False
    random: bool = False
    phases: int = 30
    scrapes: tuple[int, ...] = (15,)
    bounded: bool = False


CASES = (
    Case(name="detect_outage", per_second=100, share=1.0, seconds=600, scrapes=(15, 60), bounded=True),
    Case(
        name="detect_outage_240ph",
        per_second=240 / HOUR,
        share=1.0,
        seconds=1800,
        random=True,
        phases=300,
        bounded=True,
    ),
    Case(name="detect_outage_60ph", per_second=60 / HOUR, share=1.0, seconds=3600, random=True, phases=300),
    Case(name="detect_5pct_60m", per_second=100, share=0.05, seconds=3600),
    Case(name="clear_outage_5m", per_second=100, share=1.0, seconds=300, clears=True),
)


def minutes(case: Case, groups: tuple[Group, ...], phase: int, scrape_seconds: int = 15) -> float:
    """Minutes from the fault's start to the page, or from its end to the last firing.

    Args:    phase: seconds by which the fault starts after an evaluation; scrapes shift as well.
    Raises:  ValueError: nothing fires, so that there is no time to tell.
    """
    start = HEALTHY + phase % EVALUATION_SECONDS
    fault = Fault(start=start, end=start + case.seconds, share=case.share)
    length = HEALTHY + case.seconds + (7 * HOUR if case.clears else HOUR)
    found = service(case, fault, length, phase, scrape_seconds)
    run(groups, found, length, (PAGE,))
    page = found.series[PAGE][0]
    times = page.grid.times[firing(page)] / 1000
    after = times[times >= start]
    if not len(after):
        raise ValueError(f"{case.name}, phase {phase}: no page")
    return float(after[-1] - fault.end if case.clears else after[0] - start) / 60


def service(case: Case, fault: Fault, length: int, phase: int, scrape_seconds: int) -> Database:
    """The counters of *case* with its fault; random arrivals are seeded by *phase*."""
    grid = traffic.scrapes(length, scrape_seconds, phase=(phase * 7) % scrape_seconds)
    times = grid.times / 1000
    if case.random:
        rng = np.random.default_rng(phase)
        total, failed = traffic.random_events(rng, times, case.per_second, BASE_SHARE, fault)
    else:

        def count(at: Floats) -> Floats:
            return case.per_second * at

        total, failed = count(times), traffic.failed_events(count, times, BASE_SHARE, (fault,))
    return traffic.database(grid, np.floor(total), np.floor(failed), METRIC)


def both_sides(case: Case, engines: Engines, scrape_seconds: int) -> tuple[Floats, Floats]:
    """Minutes of ours and of sloth's in each phase."""
    ours, sloth = (
        np.array([minutes(case, groups, phase, scrape_seconds) for phase in range(case.phases)])
        for _, groups in engines
    )
    return ours, sloth


def measure(plan: Plan) -> Iterator[Row]:
    """A row for each case: the mean over its phases; and how far one side was ever behind the other."""
    engines = both(spec())
    for case in CASES:
        for scrape_seconds in case.scrapes:
            name = case.name + ("" if scrape_seconds == 15 else f"_{scrape_seconds}s")
            plan.say(f"{name}: {case.phases} phases of the clocks")
            ours, sloth = both_sides(case, engines, scrape_seconds)
            yield Row(name=name, unit="min", ours=float(ours.mean()), peer=float(sloth.mean()))
            if case.bounded:
                late = ours - sloth
                yield Row(name=f"{name}_lag", unit="min", ours=float(late.max()), peer=float(0 - late.min()))
