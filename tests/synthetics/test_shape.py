"""A shape: how many visits begin when, and what a faulty file is told."""

import copy
import os
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.journeys import JOURNEYS, VISITS
from synthetics.shape import SHAPES, Shape, ShapeError, find, load, parse, visits_per_second

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
SHAPE = Shape(
    peak=2.0,
    hours=tuple(hour / 23 for hour in range(24)),
    weekdays=(1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4),
    journeys={"browse": 1.0},
)
DOCUMENT: dict[str, Any] = {
    "visits_per_second": {"peak": 0.5},
    "hours": [0.5] * 24,
    "weekdays": [1] * 7,
    "journeys": {"browse": 0.7, "buy": 0.3},
}


@pytest.mark.parametrize("hour", [0, 1, 12, 23])
def test_a_full_hour_has_its_share_of_the_peak(hour: int) -> None:
    """On a day whose factor is 1."""
    assert visits_per_second(SHAPE, MONDAY + timedelta(hours=hour)) == pytest.approx(2 * hour / 23)


@pytest.mark.parametrize(
    ("minutes", "hours"),
    [
        pytest.param(15, 0.25, id="a quarter past"),
        pytest.param(30, 0.5, id="half past"),
        pytest.param(59.99, 0.99983, id="just before the hour"),
    ],
)
def test_between_hours_it_changes_evenly(minutes: float, hours: float) -> None:
    """As many parts of the way to the next hour's share as of the hour have passed."""
    at = MONDAY + timedelta(hours=10, minutes=minutes)
    assert visits_per_second(SHAPE, at) == pytest.approx(2 * (10 + hours) / 23, rel=1e-4)


def test_from_23_it_goes_to_the_share_of_midnight() -> None:
    """A day is a circle."""
    assert visits_per_second(SHAPE, MONDAY + timedelta(hours=23, minutes=30)) == pytest.approx(2 * 0.5)


@pytest.mark.parametrize(("day", "factor"), list(enumerate(SHAPE.weekdays)))
def test_each_weekday_has_its_factor(day: int, factor: float) -> None:
    """Monday first."""
    assert visits_per_second(SHAPE, MONDAY + timedelta(days=day, hours=23)) == pytest.approx(2 * factor)


def test_the_factor_changes_at_midnight_utc() -> None:
    """Not before, and not by the clock of where somebody lives."""
    night = SHAPE.hours[:0] + (1.0,) * 24
    shape = Shape(peak=1.0, hours=night, weekdays=SHAPE.weekdays, journeys=SHAPE.journeys)
    midnight = MONDAY + timedelta(days=1)
    assert visits_per_second(shape, midnight - timedelta(microseconds=1)) == pytest.approx(1.0)
    assert visits_per_second(shape, midnight) == pytest.approx(0.9)
    assert visits_per_second(shape, midnight.astimezone(timezone(timedelta(hours=-9)))) == pytest.approx(0.9)


def test_a_moment_without_a_zone_is_refused() -> None:
    """It would be another moment on another machine."""
    with pytest.raises(ValueError, match="no time zone"):
        visits_per_second(SHAPE, datetime(2026, 11, 23, 12))  # that is the point


@given(st.datetimes(timezones=st.just(UTC), max_value=datetime(9999, 1, 1)))  # hypothesis wants it so
def test_no_moment_is_above_the_highest(at: datetime) -> None:
    """Nor below nothing."""
    assert 0 <= visits_per_second(SHAPE, at) <= SHAPE.highest * (1 + 1e-12)


def test_our_day_is_sound() -> None:
    """Its trough is about 0.3 of the peak, and its visits walk journeys that there are."""
    day = load(find("day"), VISITS)
    assert (day.peak, max(day.hours), max(day.weekdays)) == (0.5, 1.0, 1.0)
    assert min(day.hours) == pytest.approx(0.3, abs=0.05)
    assert set(day.journeys) <= set(VISITS) <= set(JOURNEYS)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("visits_per_second",), None, "visits_per_second: nothing: expected an object with the key peak alone"),
        (("visits_per_second", "low"), 1, "expected an object with the key peak alone"),
        (("visits_per_second", "peak"), 0, "visits_per_second.peak: 0: expected a number above 0, to 1000"),
        (("visits_per_second", "peak"), float("nan"), "visits_per_second.peak: nan: expected a number"),
        (("hours",), [0.5] * 23, "hours: 23 of them: expected a list of 24 numbers from 0 to 1"),
        (("hours", 3), 1.2, r"hours\[3\]: 1.2: expected a number from 0 to 1"),
        (("hours", 0), True, r"hours\[0\]: True: expected a number"),
        (("hours", 23), "0.5", r"hours\[23\]: '0.5': expected a number"),
        (("hours",), [0] * 24, "hours: all are 0: expected one above 0"),
        (("weekdays",), "Monday", "weekdays: 'Monday': expected a list of 7"),
        (("weekdays", 6), -0.1, r"weekdays\[6\]: -0.1: expected a number from 0 to 1"),
        (("journeys",), [], r"journeys: \[\]: expected shares by name, of browse, search, buy"),
        (("journeys", "steal"), 0, "journeys.steal: unknown: expected browse, search, buy"),
        (("journeys", "buy"), 0.4, "journeys: the shares add up to 1.1: expected 1"),
        (("holidays",), [], "holidays: unknown: expected visits_per_second, hours, weekdays, journeys"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_was_expected(place, value, message: str) -> None:
    """One line for the one fault."""
    document = copy.deepcopy(DOCUMENT)
    holder = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    with pytest.raises(ShapeError, match=message) as caught:
        parse(document, VISITS)
    assert len(str(caught.value).splitlines()) == 1


def test_all_faults_are_told_at_once() -> None:
    """Nobody mends a file one run at a time."""
    with pytest.raises(ShapeError) as caught:
        parse({"visits_per_second": {"peak": 0}, "hours": [2] * 24, "weekdays": [], "journeys": {"buy": 2}}, VISITS)
    assert len(str(caught.value).splitlines()) == 1 + 24 + 1 + 1 + 1


@pytest.mark.parametrize("text", ["", "[1, 2", "- a", "7", "a: &a [*a]", "\x00", "[" * 5_000])
def test_what_is_no_shape_at_all_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    """Empty, broken, or something else."""
    path = tmp_path / "odd.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ShapeError, match=r"odd\.yaml: "):
        load(path, VISITS)


def test_shapes_are_found_by_name_or_path(tmp_path: Path) -> None:
    """A name is one of ours; anything else is a path, and must be there."""
    assert find("day") == SHAPES / "day.yaml"
    path = tmp_path / "mine.yaml"
    path.touch()
    assert find(str(path)) == path
    assert find(os.path.relpath(path)).samefile(path)
    with pytest.raises(ShapeError, match="expected day, diurnal, ramp, soak, spike, stampede, steady, or a path"):
        find("../shapes/night")
