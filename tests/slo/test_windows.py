"""slo.windows: pairs, shares and factors of every period, and how durations are spelled."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.windows import BASE_SECONDS, DAY, HOUR, MINUTE, AlertWindows, BurnRateWindow, for_period, read_seconds, spell

PERIODS = range(1, 91)


def _pairs(windows: AlertWindows) -> tuple[BurnRateWindow, ...]:
    return windows.page_quick, windows.page_slow, windows.ticket_quick, windows.ticket_slow


def _factors(days: int) -> list[Fraction]:
    return [pair.factor for pair in _pairs(for_period(days))]


# --- the published numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "factors"),
    [
        (30, ["14.4", "6", "3", "1"]),
        (28, ["13.44", "5.6", "2.8", "14/15"]),
        (7, ["13.44", "3.5", "1.4", "0.98"]),
        (90, ["43.2", "18", "9", "3"]),
    ],
    ids=["30 days: the Workbook", "28 days: sloth", "7 days: sloth's example", "90 days: the same shares"],
)
def test_factors_are_exact(days, factors):
    """Shares and windows give the published burn rates without a rounded digit."""
    assert _factors(days) == [Fraction(factor) for factor in factors]


def test_the_windows_of_thirty_days_are_the_workbooks():
    """5m/1h and 30m/6h page, 2h/1d and 6h/3d open tickets."""
    pairs = [(pair.short_seconds, pair.long_seconds) for pair in _pairs(for_period(30))]
    assert pairs == [
        (5 * MINUTE, HOUR),
        (30 * MINUTE, 6 * HOUR),
        (2 * HOUR, DAY),
        (6 * HOUR, 3 * DAY),
    ]


def test_below_a_week_the_windows_shrink_with_the_period():
    """Over one day everything is a seventh of the week's, to whole 5 minutes."""
    pairs = [(pair.short_seconds // MINUTE, pair.long_seconds // MINUTE) for pair in _pairs(for_period(1))]
    assert pairs == [(5, 10), (5, 55), (20, 210), (55, 620)]


# --- what holds for every period --------------------------------------------------------------------------------


@pytest.mark.parametrize("days", PERIODS)
def test_every_period_keeps_what_alerts_count_on(days):
    """No window beyond the period, short before long, no factor under 0.9, whole 5 minutes, shares that add up."""
    windows = for_period(days)
    for pair in _pairs(windows):
        assert BASE_SECONDS <= pair.short_seconds < pair.long_seconds < windows.period_seconds == days * DAY
        assert pair.short_seconds % BASE_SECONDS == pair.long_seconds % BASE_SECONDS == 0
        assert pair.factor >= Fraction(9, 10)
        assert pair.factor * pair.long_seconds == pair.share * windows.period_seconds
        assert 0 < pair.share < 1
    assert [*windows.all_seconds] == sorted({*windows.page_seconds, *windows.ticket_only_seconds})
    assert windows.page_seconds[0] == BASE_SECONDS


def test_between_a_week_and_four_shares_go_straight_from_one_to_the_other():
    """Halfway, at 17.5 days, lie the means; a longer period never gets a larger share."""
    shares = [[pair.share for pair in _pairs(for_period(days))] for days in range(7, 29)]
    for earlier, later in pairwise(shares):
        assert all(b <= a for a, b in zip(earlier, later, strict=True))
    middle = [(a + b) / 2 for a, b in zip(shares[10], shares[11], strict=True)]
    assert middle == [(a + b) / 2 for a, b in zip(shares[0], shares[-1], strict=True)]


@pytest.mark.parametrize("days", [0, 91, -1])
def test_other_periods_are_refused(days):
    """A period is of 1 to 90 days."""
    with pytest.raises(ValueError, match="not within 1–90"):
        for_period(days)


# --- spelling ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300, "5m"),
        (HOUR, "1h"),
        (DAY, "1d"),
        (30 * DAY, "30d"),
        (28 * DAY, "4w"),
        (7 * DAY, "1w"),
        (36 * HOUR, "1d12h"),
        (8 * DAY, "8d"),
        (1350, "22m30s"),
        (4230, "1h10m30s"),
        (1, "1s"),
    ],
)
def test_durations_are_spelled_as_prometheus_does(seconds, text):
    """Weeks only where they divide evenly, as in the names of sloth's records."""
    assert spell(seconds) == text


@given(st.integers(1, 200 * DAY))
def test_what_was_spelled_is_read_back(seconds):
    """Every number of seconds has one spelling, and that is its own."""
    assert read_seconds(spell(seconds)) == seconds


@pytest.mark.parametrize("seconds", [0, -300])
def test_no_time_has_no_spelling(seconds):
    """A range of nothing is no range."""
    with pytest.raises(ValueError, match="not a positive number"):
        spell(seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "1h1d", "5m ", "1.5h", "-5m", "5ms"])
def test_what_is_no_duration_is_refused(text):
    """Units in descending order, whole counts, nothing else."""
    with pytest.raises(ValueError, match="is not a duration"):
        read_seconds(text)
