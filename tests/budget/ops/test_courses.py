"""How a budget went over its period: some sixty points for all SLOs at once, and how they are drawn."""

import math
import re
from collections.abc import Mapping

import pytest

from budget.answers import Series
from budget.identity import key_of
from budget.ops.courses import POINTS, Course, read_courses
from budget.ops.happenings import Happening
from budget.ops.sparkline import HEIGHT, WIDTH, sparkline
from slo import conventions
from tests.budget.canned import NOW, UP, sample
from tests.budget.ops.fakes import DAY, FakeServer

END = 120 * math.floor(NOW / 120)
WIDTH_SECONDS = 43_200.0  # of a bin: the sixtieth part of 30 days
OTHER = {conventions.ID: "pay-up", conventions.SERVICE: "pay", conventions.SLO: "up"}
BAD, TOTAL = conventions.bad_average("2m"), conventions.total_average("2m")
RATIO = f"{conventions.sli_ratio('5m')}{{"


def series(values: Mapping[int, float], labels: Mapping[str, str] = UP, width: float = WIDTH_SECONDS) -> Series:
    """What a bin holds that ended so many bins ago."""
    return Series(labels=labels, points=tuple(sorted((END - ago * width, value) for ago, value in values.items())))


def server(ranges: Mapping[str, tuple[Series, ...]], days: float = 30, *labels: Mapping[str, str]) -> FakeServer:
    """With an SLO of 99 % for each of *labels*."""
    every = labels or (UP,)
    return FakeServer(
        {
            conventions.OBJECTIVE: tuple(sample(each, 0.99) for each in every),
            conventions.PERIOD_DAYS: tuple(sample(each, days) for each in every),
            conventions.BUDGET_EVENTS_REMAINING: tuple(sample(each, 1) for each in every),
        },
        ranges,
    )


def always(value: float) -> dict[int, float]:
    """The same in every bin."""
    return dict.fromkeys(range(POINTS), value)


def test_a_course_ends_at_what_is_left() -> None:
    """1 at first; half of the budget is spent in the bin that ended ten bins ago, a tenth of it in the last."""
    bad = always(0) | {10: 300.0, 0: 60.0}  # of 600 that may fail
    (course,) = read_courses(server({BAD: (series(bad),), TOTAL: (series(always(1000)),)}), NOW)
    assert (course.key, course.end, course.start) == (key_of(UP), END, END - 30 * DAY)
    assert len(course.points) == POINTS + 1
    left = [round(each, 6) for _, each in course.points]
    assert (left[0], left[POINTS - 11], left[POINTS - 10], left[-2], left[-1]) == (1, 1, 0.5, 0.5, 0.4)
    assert course.gaps == ()


def test_two_questions_do_for_all_slos() -> None:
    """Of one period, however many they are; each bin is counted once."""
    asked = server({BAD: (), TOTAL: (series(always(1)), series(always(1), OTHER))}, 30, UP, OTHER)
    assert {course.key for course in read_courses(asked, NOW)} == {key_of(UP), key_of(OTHER)}
    ranges = [query for query in asked.asked if "sum_over_time" in query]
    assert len(ranges) == 2
    assert all(re.search(r"\[43199s:2m\]\)$", query) for query in ranges)


def test_each_period_has_its_own_width() -> None:
    """A day in bins of 24 minutes."""
    asked = server({BAD: (), TOTAL: (series(always(1), width=1440),)}, 1)
    (course,) = read_courses(asked, NOW)
    assert course.end - course.start == DAY


def test_what_nobody_measured_is_a_gap() -> None:
    """One that goes on is one gap."""
    total = {ago: 10.0 for ago in range(POINTS) if ago not in (20, 21, 40)}
    (course,) = read_courses(server({BAD: (), TOTAL: (series(total),)}), NOW)
    bins = [((END - until) / WIDTH_SECONDS, (until - begin) / WIDTH_SECONDS) for begin, until in course.gaps]
    lengths = [(round(ago), round(long)) for ago, long in bins]
    assert lengths == [(40, 1), (20, 2)]


def test_a_ratio_alone_is_weighted_by_time() -> None:
    """Half a bin of nothing but failures, of bins that were measured for as long."""
    bad, total = series(always(0) | {5: 180.0}), series(always(360))
    found = server({f"sum_over_time(({RATIO}": (bad,), f"count_over_time(({RATIO}": (total,)})
    (course,) = read_courses(found, NOW)
    assert course.points[-1][1] == pytest.approx(1 - 180 / (0.01 * 360 * POINTS))


def test_copies_have_courses_of_their_own() -> None:
    """Told apart by their cluster, where the objective has none."""
    eu, us = {**UP, "cluster": "eu"}, {**UP, "cluster": "us"}
    ranges = {
        BAD: (series(always(1), eu), series(always(0), us)),
        TOTAL: (series(always(100), eu), series(always(100), us)),
    }
    found = {dict(each.key)["cluster"]: each.points[-1][1] for each in read_courses(server(ranges), NOW)}
    assert found == {"eu": pytest.approx(0), "us": 1}


def test_an_slo_that_nobody_measured_has_none() -> None:
    """It is drawn nowhere, rather than as whole."""
    assert read_courses(server({}), NOW) == ()


def course(*left: float, gaps: tuple[tuple[float, float], ...] = ()) -> Course:
    """One of 100 seconds."""
    step = 100 / (len(left) - 1)
    points = tuple((place * step, each) for place, each in enumerate(left))
    return Course(key=key_of(UP), start=0, end=100, points=points, gaps=gaps)


def test_a_line_stays_in_its_box() -> None:
    """From edge to edge; a budget that is overdrawn many times is cut off below, with the 0 still to be seen."""
    drawn = sparkline(course(1, 0.5, -40))
    points = [tuple(map(float, each.split(","))) for each in drawn.points.split()]
    assert [x for x, _ in points] == [0, WIDTH / 2, WIDTH]
    assert all(0 < y < HEIGHT for _, y in points)
    assert points[0][1] < drawn.zero < points[2][1]
    assert sparkline(course(1, 0.2)).zero == HEIGHT - 1


def test_what_happened_meanwhile_is_shaded() -> None:
    """Seeded, unknown, broken and deployed; what is short is made wide enough to be seen, what is elsewhere is not."""
    happenings = [
        Happening(kind="fault", says="", start=50, end=50.1),
        Happening(kind="deploy", says="", start=100, end=100),
        Happening(kind="deploy", says="", start=-5, end=-5),
    ]
    drawn = sparkline(course(1, 1, gaps=((10, 20),)), happenings=happenings, seeded=(-50, 25))
    assert [(each.kind, each.x, each.width) for each in drawn.shades] == [
        ("seeded", 0, 40),
        ("gap", 16, 16),
        ("fault", 80, 1.5),
        ("deploy", 159, 1),
    ]


@pytest.mark.parametrize(
    ("left", "says"),
    [
        ((1, 1, 0.999), "100% left, nearly nothing was spent"),
        ((1, 0.5, 0.5, 0.4), "40% left; most at once, 83% of what was spent, in the second third of the period"),
        ((1, 1, 1, -0.2), "-20% left; most at once, 100% of what was spent, in the last third of the period"),
    ],
)
def test_it_is_told_in_words(left: tuple[float, ...], says: str) -> None:
    """What is left, and where most of it went."""
    assert sparkline(course(*left)).says == says
