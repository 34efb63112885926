"""Arrivals: as many as the rate says, at random, whatever the answers take."""

from random import Random
from statistics import mean, pvariance

import pytest

from synthetics.arrivals import MAX_LATE_SECONDS, Arrivals


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def arrivals(clock: Clock, rate=lambda: 2.0, highest: float = 2.0) -> Arrivals:
    """Of one seed."""
    return Arrivals(rate=rate, highest=highest, random=Random(5), clock=clock, next_at=clock.now)


def begun(clock: Clock, made: Arrivals, seconds: float, busy: float = 0.0) -> list[float]:
    """When visits begin within *seconds*; whoever begins one is kept busy for *busy* seconds."""
    end, found = clock.now + seconds, []
    while True:
        clock.now += made.wait()
        if clock.now >= end:
            return found
        if made.begins():
            found.append(clock.now)
            clock.now += busy


def test_the_rate_is_kept_and_gaps_are_those_of_independent_people() -> None:
    """Two a second; the counts of seconds vary as much as they are many: a Poisson process."""
    clock = Clock()
    times = begun(clock, arrivals(clock), 5000)
    counts = [0] * 5000
    for time in times:
        counts[int(time - 1000)] += 1
    assert mean(counts) == pytest.approx(2.0, rel=0.05)
    assert pvariance(counts) == pytest.approx(2.0, rel=0.1)


def test_a_changing_rate_is_followed() -> None:
    """A quarter of the highest in the first half, all of it in the second."""
    clock = Clock()
    made = arrivals(clock, rate=lambda: 0.5 if clock.now < 3000 else 2.0)
    times = begun(clock, made, 4000)
    early = sum(time < 3000 for time in times)
    assert early / 2000 == pytest.approx(0.5, rel=0.1)
    assert (len(times) - early) / 2000 == pytest.approx(2.0, rel=0.1)


def test_what_holds_the_beginning_of_visits_up_for_a_moment_lowers_no_rate() -> None:
    """The next ones come at their time, and not so long after the last one."""
    clock = Clock()
    assert len(begun(clock, arrivals(clock), 3000, busy=0.3)) / 3000 == pytest.approx(2.0, rel=0.05)


def test_a_long_stall_is_not_made_up_for() -> None:
    """An hour of sleep of the machine is not followed by an hour's visits at once."""
    clock = Clock()
    made = arrivals(clock)
    made.wait()
    clock.now += 3600
    at_once = 0
    while made.wait() == 0.0:
        at_once += 1
    assert at_once <= 2 * MAX_LATE_SECONDS + 10


def test_what_a_long_stall_swallowed_is_known() -> None:
    """An hour at two visits a second; it is told once."""
    clock = Clock()
    made = arrivals(clock)
    made.wait()
    clock.now += 3600
    made.wait()
    assert made.take_missed() == pytest.approx(7200, abs=5)
    assert made.take_missed() == 0


def test_nobody_comes_at_a_rate_of_nothing() -> None:
    """And the loop still sleeps between candidates."""
    clock = Clock()
    assert begun(clock, arrivals(clock, rate=lambda: 0.0), 100) == []
