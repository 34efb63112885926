"""The health of a generator: measured on itself, judged by fixed limits."""

import pytest

from synthetics.generator import MAX_LAG_SECONDS, Health, Meter, faults


class Clock:
    """Time and CPU time that pass when a test says so."""

    wall, cpu = 100.0, 7.0


def measured(clock: Clock, *, busy: float, late: float, seconds: int = 20) -> dict:
    """What a process tells that uses *busy* of its core and wakes *late*."""
    meter = Meter(wall=lambda: clock.wall, cpu=lambda: clock.cpu)
    meter.begin()
    for _ in range(seconds * 10):
        clock.wall += 0.1
        clock.cpu += 0.1 * busy
        meter.woke(late)
    health = Health(name="1 of 1")
    health.add(meter.take())
    return health.document()


def test_an_idle_generator_is_believed() -> None:
    """A tenth of a core, 2 ms late: its figures are there, and no fault."""
    found = measured(Clock(), busy=0.1, late=0.002)
    assert found["cpu_share_mean"] == pytest.approx(0.1, abs=0.01)
    assert found["lag_p99"] == pytest.approx(0.002, rel=0.05)
    assert faults([found]) == []


def test_one_that_uses_up_its_core_was_the_bottleneck() -> None:
    """Above nine tenths of it nearly all the time."""
    (fault,) = faults([measured(Clock(), busy=0.97, late=0.002)])
    assert "generator 1 of 1 was the bottleneck: above 90% of its core for 100% of the run" in fault


def test_one_whose_loop_is_late_was_the_bottleneck() -> None:
    """Whatever its CPU says: what it measures is its own lag."""
    (fault,) = faults([measured(Clock(), busy=0.1, late=MAX_LAG_SECONDS * 1.5)])
    assert "its loop was more than 100 ms late in 100.0% of the run (at most 1%)" in fault


def test_a_few_late_moments_of_a_short_run_are_the_machines() -> None:
    """Six of two hundred; one more is a fault."""
    clock = Clock()

    def late(moments: int) -> list[str]:
        meter = Meter(wall=lambda: clock.wall, cpu=lambda: clock.cpu)
        meter.begin()
        for number in range(200):
            meter.woke(0.2 if number < moments else 0.001)
        health = Health(name="1 of 1")
        health.add(meter.take())
        return faults([health.document()])

    assert (late(6), len(late(7))) == ([], 1)


def test_one_short_burst_is_no_bottleneck() -> None:
    """Less than a tenth of the run."""
    clock, health = Clock(), Health(name="1 of 1")
    for busy, seconds in ((0.2, 19), (1.0, 1)):
        meter = Meter(wall=lambda: clock.wall, cpu=lambda: clock.cpu)
        meter.begin()
        for _ in range(seconds * 10 + 1):
            clock.wall += 0.1
            clock.cpu += 0.1 * busy
            meter.woke(0.001)
        health.add(meter.take())
    found = health.document()
    assert found["cpu_share_max"] == pytest.approx(1.0)
    assert faults([found]) == []


def test_one_that_measured_nothing_is_not_believed() -> None:
    """Silence is no health."""
    assert faults([Health(name="2 of 2").document()]) == ["generator 2 of 2 measured nothing of itself"]


def test_one_of_several_is_enough() -> None:
    """The visits of the others are not all of the load."""
    good, bad = measured(Clock(), busy=0.1, late=0.001), measured(Clock(), busy=1.0, late=0.5)
    assert len(faults([good, bad])) == 2
