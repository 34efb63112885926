"""Prometheus' functions over ranges, at the places where they surprise."""

import numpy as np
import pytest

from bench.grid import Grid, Series
from bench.over_time import avg_over_time, count_over_time, increase, rate, sum_over_time, window

SCRAPES = Grid(0, 15_000, 41)  # ten minutes
AT = Grid(600_000, 30_000, 1)


def counter(values):
    """A counter on the scrapes of this file."""
    return Series.full(SCRAPES, np.asarray(values, dtype=np.float64))


def over(seconds, left_open=True):
    """The last *seconds* before AT."""
    return window(SCRAPES, AT, seconds * 1000, 0, left_open)


def test_a_steady_counter_has_its_rate():
    """285 s of increase are extrapolated to the range of 300 s."""
    assert rate(counter(np.arange(41) * 30), over(300)).values[0] == pytest.approx(2.0)


def test_the_first_error_of_a_counter_counts_less():
    """A counter that starts at zero is not extrapolated below zero, so that its first event counts less than one."""
    values = np.zeros(41)
    values[30:] = 1
    from_zero = increase(counter(values), over(300)).values[0]
    later = increase(counter(values + 100), over(300)).values[0]
    assert from_zero == pytest.approx(1.0)
    assert later == pytest.approx(300 / 285)


def test_a_reset_loses_nothing_that_was_scraped():
    """What a counter shows after a reset is added to what it had before."""
    values = np.concatenate((np.arange(30) * 5.0, np.arange(11) * 5.0))
    whole = counter(np.concatenate((np.arange(30) * 5.0, 145 + np.arange(11) * 5.0)))
    assert increase(counter(values), over(300)).values[0] == pytest.approx(increase(whole, over(300)).values[0])


@pytest.mark.parametrize(("left_open", "samples"), [(True, 20), (False, 21)], ids=["since 3.0", "before"])
def test_the_old_end_of_a_range_is_open_since_3(left_open, samples):
    """A sample exactly as old as the range is left out by Prometheus 3, and counted before."""
    found = count_over_time(counter(np.ones(41)), over(300, left_open))
    assert found.values[0] == samples


def test_a_sum_of_zeros_is_zero():
    """Rounding errors of what lies before the range do not leak into it."""
    values = np.concatenate((np.full(20, 0.1), np.zeros(21)))
    found = sum_over_time(counter(values), over(300))
    assert found.present[0]
    assert found.values[0] == 0.0


def test_one_nan_makes_the_sum_nan():
    """A NaN in the range spoils the sum while it is there, and no longer."""
    values = np.ones(41)
    values[30] = np.nan
    assert np.isnan(sum_over_time(counter(values), over(300)).values[0])
    assert sum_over_time(counter(values), over(120)).values[0] == 8


def test_an_average_counts_what_is_there():
    """Moments without a sample do not weigh in the average; a range without any gives nothing."""
    series = Series(SCRAPES, np.full(41, 3.0), np.arange(41) % 2 == 0)
    assert avg_over_time(series, over(300)).values[0] == 3.0
    empty = Series(SCRAPES, np.full(41, 3.0), np.zeros(41, dtype=np.bool_))
    assert not avg_over_time(empty, over(300)).present[0]


def test_a_counter_with_gaps_is_refused():
    """The simulator does not model missed scrapes, and says so."""
    with pytest.raises(ValueError, match="gaps"):
        increase(Series(SCRAPES, np.ones(41), np.arange(41) != 3), over(300))
