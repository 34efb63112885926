"""budget/drill_course.py: how series went, and how they go on under what a drill does."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget import drill_course
from budget.drill_course import RECENT_SECONDS, Course
from budget.series_selector import NAME
from tests.budget.drill_history import effects

STEP = 15
OK = {NAME: "requests_total", "job": "orders", "code": "200"}
BAD = {**OK, "code": "500"}
EVERY = "requests_total"


def growth(*past: float | None) -> float:
    """That of a counter which showed *past*, a second."""
    return drill_course.measured(OK, past, step_seconds=STEP).growth


def course(labels: dict[str, str], per_second: float = 0.0, past: Sequence[float | None] = (0.0, 0.0)) -> Course:
    """A series that grows so fast."""
    return Course(labels=labels, past=tuple(past), growth=per_second)


def under(courses: Sequence[Course], **effect: object) -> dict[str, float]:
    """The growth of each series by its code, under one effect on every counter."""
    found = drill_course.under(courses, effects({"series": EVERY, **effect}))
    return {str(each.labels.get("code")): each.growth for each in found}


# --- as it was measured -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("past", "expected"),
    [
        pytest.param((0.0, 15.0, 30.0), 1.0, id="evenly"),
        pytest.param((7.0, 7.0), 0.0, id="not at all"),
        pytest.param((0.0, 0.0, 30.0), 1.0, id="at once, in the middle of the time"),
        pytest.param((100.0, 115.0, 0.0, 15.0), 30 / 45, id="a reset to nothing"),
        pytest.param((100.0, 115.0, 15.0), 1.0, id="a reset, and counted on since"),
        pytest.param((None, None, 15.0, 30.0), 1.0, id="it has only begun"),
        pytest.param((0.0, None, None, 45.0), 1.0, id="a gap"),
        pytest.param((0.0, 15.0, None), 1.0, id="it has just ended"),
        pytest.param((None, 15.0), 0.0, id="one sample"),
        pytest.param((None, None), 0.0, id="none"),
    ],
)
def test_a_counter_grows_as_it_did(past: tuple[float | None, ...], expected: float) -> None:
    """From its first sample to its last: a reset takes nothing away, and a gap does not make it faster."""
    assert growth(*past) == pytest.approx(expected)


def test_what_is_long_ago_does_not_count() -> None:
    """The last half hour goes on, and nothing before it."""
    steps = int(RECENT_SECONDS / STEP)
    before, late = [float(number * 1000) for number in range(50)], [50_000.0 + number * STEP for number in range(steps)]
    assert growth(*before, *late, late[-1] + STEP) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["up", "queue_length", "a_seconds", "total", "a_timestamp_seconds"])
def test_what_is_no_counter_stays_as_it_is(name: str) -> None:
    """Whatever it did before."""
    found = drill_course.measured({NAME: name}, (0.0, 30.0), step_seconds=STEP)
    assert (found.growth, found.value, found.ends, found.counts) == (0.0, None, False, False)


@pytest.mark.parametrize("name", ["a_total", "a_seconds_count", "a_seconds_sum", "a_seconds_bucket"])
def test_what_only_grows_is_told_by_its_name(name: str) -> None:
    """A counter's, and a histogram's series."""
    assert drill_course.measured({NAME: name}, (0.0, 30.0), step_seconds=STEP).growth == 2.0


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e9)), max_size=60))
def test_a_counter_never_falls(past: list[float | None]) -> None:
    """Whatever it showed, gaps and resets and all."""
    assert growth(*past) >= 0


# --- what a drill does ------------------------------------------------------------------------------------------------


def test_what_moves_grows_in_a_series_that_is_there() -> None:
    """On top of what that one grows by itself."""
    moved = under([course(OK, 10), course(BAD, 1)], moves_to={"code": "500"})
    assert moved == {"200": 0.0, "500": 11.0}


def test_what_moves_where_nothing_is_yet_begins_at_nothing() -> None:
    """With the labels of the one that it leaves, but for those that it says; as long as the others are."""
    found = drill_course.under(
        [course({**OK, "zone": "a"}, 10, (1.0, 2.0, 3.0))],
        effects({"series": 'requests_total{code="200"}', "moves_to": {"code": "503"}}),
    )
    assert found[-1] == Course(labels={**OK, "zone": "a", "code": "503"}, past=(0.0, 0.0, 0.0), growth=10.0)
    assert len(found) == 2


def test_two_that_move_to_one_are_added_up() -> None:
    """A route's each status becomes the one that it fails with."""
    moved = under([course(OK, 10), course({**OK, "code": "302"}, 5)], moves_to={"code": "500"})
    assert moved == {"200": 0.0, "302": 0.0, "500": 15.0}


def test_a_share_of_it_moves() -> None:
    """The rest goes on where it was, and nothing is lost."""
    assert under([course(OK, 10)], moves_to={"code": "500"}, share=0.3) == pytest.approx({"200": 7.0, "500": 3.0})


def test_what_moves_onto_itself_stays() -> None:
    """A selector may take what fails already along."""
    assert under([course(BAD, 2)], moves_to={"code": "500"}) == {"500": 2.0}


def test_the_courses_past_is_left_alone() -> None:
    """Only what comes is another one."""
    found = drill_course.under([course(OK, 10, (1.0, None, 3.0))], effects({"series": EVERY, "keeps": 0.0}))
    assert [each.past for each in found] == [(1.0, None, 3.0)]


@pytest.mark.parametrize(("keeps", "left"), [(0.0, 0.0), (0.25, 2.5), (1.0, 10.0)])
def test_a_share_of_the_growth_is_kept(keeps: float, left: float) -> None:
    """Of each series by itself; it goes nowhere else."""
    assert under([course(OK, 10), course(BAD, 0)], keeps=keeps) == {"200": left, "500": 0.0}


def test_it_grows_so_fast_whatever_it_did() -> None:
    """Also what stood still."""
    assert under([course(OK, 10), course(BAD, 0)], grows=4.0) == {"200": 4.0, "500": 4.0}


def test_a_gauge_shows_another_value() -> None:
    """And grows no more."""
    (found,) = drill_course.under([course({NAME: "up"}, 0, (1.0,))], effects({"series": "up", "value": 0.0}))
    assert (found.value, found.growth, found.ends) == (0.0, 0.0, False)


def test_a_series_ends() -> None:
    """No sample comes any more."""
    (found,) = drill_course.under([course(OK, 10)], effects({"series": EVERY, "ends": True}))
    assert found.ends


def test_only_what_is_meant_is_touched() -> None:
    """By its labels."""
    given_ = [course(OK, 10), course({**OK, "job": "users"}, 3), course({NAME: "up", "job": "orders"})]
    found = drill_course.under(given_, effects({"series": 'requests_total{job="orders"}', "keeps": 0.0}))
    assert [each.growth for each in found] == [0.0, 3.0, 0.0]


def test_effects_come_one_after_the_other() -> None:
    """The second one finds what the first has made."""
    both = effects(
        {"series": 'requests_total{code="200"}', "moves_to": {"code": "500"}},
        {"series": 'requests_total{code="500"}', "keeps": 0.5},
    )
    assert {str(each.labels["code"]): each.growth for each in drill_course.under([course(OK, 10)], both)} == {
        "200": 0.0,
        "500": 5.0,
    }


def test_without_effects_everything_goes_on() -> None:
    """In its order."""
    assert drill_course.under([course(OK, 10), course(BAD)], ()) == (course(OK, 10), course(BAD))


@given(st.lists(st.tuples(st.integers(200, 599), st.floats(0, 1e6)), max_size=12), st.floats(0, 1))
def test_what_moves_is_neither_more_nor_less(counted: list[tuple[int, float]], share: float) -> None:
    """However many series there are, and whichever share of them moves."""
    given_ = [course({**OK, "code": str(code)}, rate) for code, rate in dict(counted).items()]
    moved = under(given_, moves_to={"code": "500"}, share=share)
    assert sum(moved.values()) == pytest.approx(sum(each.growth for each in given_))
