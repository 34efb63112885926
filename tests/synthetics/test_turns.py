"""When probes have their turns: evenly spread, and in their place again after a stall."""

from hypothesis import given
from hypothesis import strategies as st

from synthetics.turns import Turns, spread


class Clock:
    """Monotonic seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_journeys_are_spread_over_the_minute() -> None:
    """So that they do not slow one another down."""
    assert spread(["a", "b", "c", "d"], 60) == {"a": 0, "b": 15, "c": 30, "d": 45}


def test_a_turn_comes_every_minute() -> None:
    """However long the visit took."""
    clock = Clock()
    turns = Turns(every_seconds=60, clock=clock, next_at=115)
    waits = []
    for took in (3, 50, 0):
        waits.append(turns.wait())
        clock.now += waits[-1] + took
    assert waits == [15, 57, 10]


@given(st.integers(0, 1000), st.integers(1, 100))
def test_what_was_missed_in_a_stall_is_left_out(stall: int, every: int) -> None:
    """At most one turn at once, and then those that follow, in their places."""
    clock = Clock()
    turns = Turns(every_seconds=every, clock=clock, next_at=100)
    assert turns.wait() == 0
    clock.now += stall
    first = turns.wait()
    assert 0 <= first <= every
    clock.now += first
    assert 0 < turns.wait() <= every
    assert (turns.next_at - 100) % every == 0
