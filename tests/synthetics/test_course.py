"""Courses and stampedes: how many visits begin when, and what a faulty file is told."""

import copy
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.course import Course, Stampede, load, parse
from synthetics.journeys import VISITS
from synthetics.shape import Shape
from synthetics.shape_file import SHAPES, ShapeError, find

DOCUMENT: dict[str, Any] = {
    "seconds": 100,
    "visits_per_second": 4,
    "course": [[0, 0.5], [0.5, 1], [1, 0]],
    "journeys": {"browse": 0.7, "buy": 0.3},
}


def course(name: str) -> Course:
    """One of ours."""
    found = load(find(name), VISITS)
    assert isinstance(found, Course)
    return found


@pytest.mark.parametrize(("at", "rate"), [(0, 2.0), (25, 3.0), (50, 4.0), (75, 2.0), (100, 0.0), (-1, 2.0), (200, 0.0)])
def test_between_two_points_it_changes_evenly(at: float, rate: float) -> None:
    """Before the first and after the last it stays."""
    found = parse(DOCUMENT, VISITS)
    assert isinstance(found, Course)
    assert found.rate(at, peak=4, seconds=100) == pytest.approx(rate)


@given(at=st.floats(-10, 1000), seconds=st.floats(1, 900), peak=st.floats(0.01, 100))
def test_no_moment_is_above_the_highest_nor_below_nothing(at: float, seconds: float, peak: float) -> None:
    """Of every course that we have, however it is stretched."""
    for name in ("steady", "ramp", "spike", "diurnal", "soak"):
        found = OURS[name]
        assert 0 <= found.rate(at, peak=peak, seconds=seconds) <= peak * found.highest * (1 + 1e-9)


OURS = {name: course(name) for name in ("steady", "ramp", "spike", "diurnal", "soak")}


def test_every_shape_of_ours_is_sound() -> None:
    """And each of those that were asked for is there."""
    found = {path.stem: load(path, VISITS) for path in SHAPES.glob("*.yaml")}
    assert set(found) == {"day", "steady", "ramp", "spike", "diurnal", "soak", "stampede"}
    assert isinstance(found["day"], Shape)
    assert found["stampede"] == Stampede(buyers=100, units=10)


def test_a_diurnal_run_has_twenty_times_as_many_visits_at_its_busiest_as_at_its_quietest() -> None:
    """20:1, and both in the run."""
    rates = [OURS["diurnal"].rate(at, peak=8, seconds=600) for at in range(601)]
    assert max(rates) / min(rates) == pytest.approx(20, rel=0.02)


def test_a_spike_is_ten_times_what_was_before_and_ends() -> None:
    """Within a fiftieth of the run."""
    spike = OURS["spike"]
    before, during, after = (spike.rate(at, peak=10, seconds=300) for at in (100, 150, 299))
    assert (before, during, after) == (pytest.approx(1), pytest.approx(10), pytest.approx(1))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("seconds",), 0, "seconds: 0: expected a number from 1 to 86400"),
        (("seconds",), None, "seconds: nothing: expected a number from 1 to 86400"),
        (("visits_per_second",), 101, "visits_per_second: 101: expected a number above 0, to 100"),
        (("visits_per_second",), float("nan"), "visits_per_second: nan: expected a number"),
        (("course",), [[0, 1]], r"course: \[\[0, 1\]\]: expected two or more pairs"),
        (("course",), "flat", "course: 'flat': expected two or more pairs"),
        (("course", 1), 0.5, r"course\[1\]: 0.5: expected \[share of the time, share of the busiest\]"),
        (("course", 1), [0.5, 1.5], r"course\[1\]\[1\]: 1.5: expected a number from 0 to 1"),
        (("course", 2), [0.9, 1], "course: from 0 to 0.9 of the time: expected from 0 to 1"),
        (("course", 1), [0, 1], r"course\[1\]: 0 of the time comes after 0: expected a later one"),
        (("course",), [[0, 0], [1, 0]], "course: all are 0: expected one above 0"),
        (("journeys", "steal"), 0, "journeys.steal: unknown: expected browse"),
        (("journeys", "buy"), 0.4, "journeys: the shares add up to 1.1: expected 1"),
        (("peak",), 3, "peak: unknown: expected seconds, visits_per_second, course, journeys"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_was_expected(place, value, message: str) -> None:
    """One line for the one fault."""
    document = copy.deepcopy(DOCUMENT)
    holder: Any = document
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    with pytest.raises(ShapeError, match=message) as caught:
        parse(document, VISITS)
    assert len(str(caught.value).splitlines()) == 1


def test_all_faults_are_told_at_once() -> None:
    """Nobody mends a file one run at a time."""
    with pytest.raises(ShapeError) as caught:
        parse({"seconds": 0, "visits_per_second": -1, "course": [], "journeys": {"buy": 2}, "x": 1}, VISITS)
    assert len(str(caught.value).splitlines()) == 5


BOMB = "".join(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghij"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("a: &a [x]\n" + BOMB + "seconds: *j\n", "seconds: ", id="lists that would unfold to millions"),
        pytest.param("course: &a [*a, *a]\n", r"course\[0\]\[0\]: \[", id="a list that holds itself"),
        pytest.param(f"seconds: 1{'0' * 400}\n", r"seconds: 10+\.\.\.0+…: expected a number", id="a number too large"),
        pytest.param(f"seconds: 1{'0' * 5000}\n", "no YAML: ", id="a number that Python reads no more"),
        pytest.param("seconds: 2026-13-45\n", "no YAML: ", id="a day that no month has"),
        pytest.param("seconds: .nan\nvisits_per_second: -.inf\n", "nan: expected", id="no number"),
    ],
)
def test_a_file_that_is_meant_ill_is_told_at_once(tmp_path: Path, text: str, message: str) -> None:
    """Within a moment, in lines that people can read."""
    path = tmp_path / "shape.yaml"
    path.write_text(text, encoding="utf-8")
    began = time.monotonic()
    with pytest.raises(ShapeError, match=message) as caught:
        load(path, VISITS)
    assert time.monotonic() - began < 5
    assert all(len(line) < 300 for line in str(caught.value).splitlines())


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"buyers": 100}, "expected an object with the keys buyers and units"),
        ({"buyers": 501, "units": 1}, "stampede.buyers: 501: expected a number without a fraction, from 1 to 500"),
        ({"buyers": 10, "units": 0.5}, "stampede.units: 0.5: expected a number without a fraction"),
        ({"buyers": 10, "units": True}, "stampede.units: True: expected a number"),
    ],
)
def test_a_stampede_has_so_many_buyers_and_units(found: Any, message: str) -> None:
    """Whole numbers, within bounds."""
    with pytest.raises(ShapeError, match=message):
        parse({"stampede": found}, VISITS)


def test_a_stampede_has_nothing_beside() -> None:
    """Its time and its rate come of themselves."""
    with pytest.raises(ShapeError, match="seconds: unknown: expected stampede alone"):
        parse({"stampede": {"buyers": 1, "units": 1}, "seconds": 5}, VISITS)
