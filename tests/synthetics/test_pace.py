"""Pacing: the rate holds, and a stall is not made up for by a burst."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetics.pace import Pace


class Clock:
    """Seconds that pass when a test says so."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@given(
    interval=st.floats(0.01, 60),
    first=st.floats(0, 60),
    answers=st.lists(st.floats(0, 120), min_size=1, max_size=50),
)
def test_requests_are_never_closer_than_the_interval(interval: float, first: float, answers: list[float]) -> None:
    """However fast or slow the answers are, so the rate is an upper bound."""
    clock = Clock()
    pace = Pace(interval_seconds=interval, clock=clock, next_at=clock.now + first)
    sent = []
    for answer_seconds in answers:
        wait = pace.wait()
        assert wait >= 0
        clock.now += wait
        sent.append(clock.now)
        clock.now += answer_seconds
    gaps = [later - earlier for earlier, later in pairwise(sent)]
    assert all(gap >= interval * (1 - 1e-9) - 1e-9 for gap in gaps)


def test_quick_answers_keep_the_rate_exact() -> None:
    """Ten requests at one a second take nine seconds, not nine and ten answers."""
    clock = Clock()
    pace = Pace(interval_seconds=1.0, clock=clock, next_at=clock.now)
    sent = []
    for _ in range(10):
        clock.now += pace.wait()
        sent.append(clock.now)
        clock.now += 0.3
    assert sent[-1] - sent[0] == pytest.approx(9)
