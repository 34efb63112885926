"""Durations in buckets: close percentiles, from however many processes they come."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.histogram import GROWTH, SMALLEST_SECONDS, Histogram

DURATIONS = st.lists(st.floats(SMALLEST_SECONDS, 600), min_size=1, max_size=200)


def counted(durations: list[float]) -> Histogram:
    """All of them in one."""
    found = Histogram()
    for each in durations:
        found.add(each)
    return found


@given(durations=DURATIONS, percent=st.sampled_from([1, 50, 95, 99, 100]))
def test_a_percentile_is_never_too_low_and_at_most_four_per_cent_too_high(durations, percent: float) -> None:
    """Compared with the durations themselves, by the nearest rank."""
    exact = sorted(durations)[math.ceil(len(durations) * percent / 100 - 1e-9) - 1]
    found = counted(durations).percentile(percent)
    assert found is not None
    assert exact * (1 - 1e-6) <= found <= exact * GROWTH * (1 + 1e-6)


@given(one=DURATIONS, other=DURATIONS)
def test_those_of_two_processes_add_up(one, other) -> None:
    """Over the wire, too."""
    merged = Histogram.of(counted(one).pairs())
    merged.merge(Histogram.of(counted(other).pairs()))
    assert merged == counted(one + other)


def test_what_is_shorter_than_the_smallest_counts_as_that() -> None:
    """Nothing is below nought."""
    assert counted([0.0, -1.0]).percentile(50) == pytest.approx(SMALLEST_SECONDS)


def test_nothing_has_no_percentile() -> None:
    """Nought would be a lie."""
    assert Histogram().percentile(99) is None
