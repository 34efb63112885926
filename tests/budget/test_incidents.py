"""Which stretches spent the budget: where they begin and end, what is joined, and that nothing is counted twice."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.history_spending import burndown, gaps, spending
from budget.incidents import JOIN_SECONDS, LEAST_SHARE, incidents
from tests.budget.curves import DAY, END, HOUR, curve, day, span

MINUTE = 60.0
START = END - DAY
# Of 288 × 100 events 1 % may fail: 288.
ALLOWED = 288.0


def found(made, *alerts):
    """The incidents of the last day."""
    return incidents(made, alerts, start=START, end=END)


def test_an_outage_is_one_incident_with_its_times_and_share() -> None:
    """From the start of the first five minutes to the end of the last."""
    (one,) = found(day((600, 580, 36.0)))
    assert (one.start, one.end) == (END - 600 * MINUTE, END - 580 * MINUTE)
    assert (one.bad, one.total, one.seconds) == (144, 400, 1200)
    assert one.share == pytest.approx(0.5)
    assert one.peak == pytest.approx(36)
    assert not one.goes_on


@pytest.mark.parametrize(
    ("pause", "number"), [(30, 1), (35, 2)], ids=["a pause of half an hour joins", "a longer one parts"]
)
def test_a_pause_joins_or_parts(pause: int, number: int) -> None:
    """Up to `JOIN_SECONDS`, which is half an hour."""
    assert JOIN_SECONDS == 1800
    assert len(found(day((600, 590, 50.0), (590 - pause, 580 - pause, 50.0)))) == number


def test_what_fails_in_a_pause_belongs_to_the_incident() -> None:
    """Burning below 1 between two outages is still of them."""
    (one,) = found(day((600, 590, 50.0), (590, 570, 0.5), (570, 560, 50.0)))
    assert one.bad == 202
    assert one.total == 800


def test_a_gap_without_data_is_a_pause() -> None:
    """Nobody measured the middle of it: it counts as time, and no events are made up for it."""
    events: list[tuple[float, float] | None] = [(0.0, 100.0)] * 288
    events[100], events[101:104], events[104] = (80.0, 100.0), [None] * 3, (80.0, 100.0)
    (one,) = found(curve(events))
    assert (one.bad, one.total, one.seconds) == (160, 200, 5 * 300)


def test_a_small_burn_is_part_of_the_rest() -> None:
    """Two failures of the 288 are less than 1 %; three are more."""
    assert found(day((600, 595, 2.0))) == ()
    (one,) = found(day((600, 595, 3.0)))
    assert one.share == pytest.approx(3 / ALLOWED)


def test_a_burn_of_exactly_one_is_an_incident() -> None:
    """1 of 100 with an objective of 99 %: it spends the budget in exactly one period."""
    (one,) = found(day((1440, 0, 1.0)))
    assert one.share == pytest.approx(1)
    assert one.peak == pytest.approx(1)


def test_a_slow_burn_below_one_is_none() -> None:
    """However long it lasts: it is the rest."""
    assert found(day((1440, 0, 0.99))) == ()


def test_an_incident_that_reaches_the_end_goes_on() -> None:
    """Nobody knows yet when it will be over."""
    assert found(day((20, 0, 50.0)))[0].goes_on


def test_only_the_range_counts() -> None:
    """What burnt the day before is of the day before."""
    assert found(day((1500, 1460, 50.0))) == ()


def test_an_incident_names_the_alerts_that_fired_in_it() -> None:
    """Also one that says so a little after; not a pending one, nor one of another time."""
    begin, end = END - 600 * MINUTE, END - 580 * MINUTE
    quick, slow = span(begin + 120, end + 300), span(end + 600, end + 7200, severity="ticket")
    others = (span(begin - HOUR, begin), span(end + HOUR, end + 2 * HOUR), span(begin, end, state="pending"))
    assert found(day((600, 580, 36.0)), *others, slow, quick)[0].alerts == (quick, slow)


def test_nothing_comes_of_no_data() -> None:
    """And nothing is known of its budget."""
    made = curve([])
    assert found(made) == ()
    told = spending(made, START, END)
    assert (told.is_known, told.spent, told.left, told.is_kept, told.sli) == (False, None, None, None, None)


def test_no_events_spend_nothing() -> None:
    """A service that nobody asked keeps its promise, and has no share of good events."""
    told = spending(curve([(0.0, 0.0)] * 288), START, END)
    assert (told.spent, told.is_kept, told.sli, told.measured) == (0.0, True, None, 1.0)
    assert found(curve([(0.0, 0.0)] * 288)) == ()


def test_gaps_are_told_from_their_first_to_their_last_moment() -> None:
    """At the beginning, in the middle and at the end."""
    events: list[tuple[float, float] | None] = [None] * 12 + [(0.0, 1.0)] * 100 + [None] * 20 + [(0.0, 1.0)] * 144
    events += [None] * 12
    assert gaps(curve(events), START, END, least_seconds=HOUR) == (
        (START, START + HOUR),
        (START + 112 * 300, START + 132 * 300),
        (END - HOUR, END),
    )
    assert gaps(day(), START, END, least_seconds=300) == ()


BINS = st.one_of(
    st.none(),
    st.tuples(st.floats(0, 1), st.just(0.0) | st.floats(0.01, 1e6)).map(lambda each: (each[0] * each[1], each[1])),
    st.just((0.0, 50.0)),
    st.just((50.0, 50.0)),
)


@given(st.lists(BINS, max_size=288), st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_incidents_and_the_rest_are_what_was_spent(events: list[tuple[float, float] | None], objective: float) -> None:
    """Nothing is lost, and nothing counted twice: they lie apart, in order, and within the range."""
    made = curve(events, objective=objective)
    told, all_of_it = found(made), spending(made, START, END)
    for one, other in itertools.pairwise(told):
        assert other.start - one.end > JOIN_SECONDS
    counted = [each for each in made.bins for one in told if one.start < each[0] <= one.end]
    assert len(counted) == len(set(counted))
    rest = [each for each in made.bins if each not in set(counted)]
    assert math.fsum(one.bad for one in told) == pytest.approx(sum(bad for _, bad, _ in counted))
    assert math.fsum(one.bad for one in told) + sum(bad for _, bad, _ in rest) == pytest.approx(all_of_it.bad)
    if all_of_it.spent:
        shares = math.fsum(one.share for one in told)
        assert shares <= all_of_it.spent * (1 + 1e-9)
        assert all(one.share >= LEAST_SHARE for one in told)
    # What burnt and is in no incident spent little.
    assert all(
        each[1] < LEAST_SHARE * all_of_it.allowed * (1 + 1e-9) for each in rest if each[1] > each[2] * made.budget
    )


@given(st.lists(BINS, min_size=1, max_size=288))
def test_a_burndown_falls_from_all_to_what_is_left(events: list[tuple[float, float] | None]) -> None:
    """It never rises, and ends with the figure that is told."""
    made = curve(events)
    course, left = burndown(made, START, END), spending(made, START, END).left
    assert course[0] == (START, 1.0)
    assert all(later <= earlier for (_, earlier), (_, later) in itertools.pairwise(course))
    assert left is None or course[-1][1] == pytest.approx(left, abs=1e-9)
