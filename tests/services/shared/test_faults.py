"""The fault board: a share of requests, for a time, and never longer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from services.shared.errors import DatabaseUnavailable
from services.shared.faults import DATABASE_SLOW, ERRORS, KINDS, FaultBoard, database_guard, database_pause, show_in


class Setup:
    """A board whose time and luck the test decides."""

    def __init__(self) -> None:
        self.now, self.drawn = 50.0, 0.0
        self.board = FaultBoard(clock=lambda: self.now, random=lambda: self.drawn)


def test_nothing_strikes_by_default() -> None:
    """A new board is empty."""
    setup = Setup()
    assert not setup.board.strikes(ERRORS)
    assert setup.board.active() == ()


@pytest.mark.parametrize(("drawn", "hit"), [(0.0, True), (0.2999, True), (0.3, False), (0.999, False)])
def test_its_share_of_requests_is_struck(drawn: float, hit: bool) -> None:
    """A share of 0.3 strikes where the number drawn is below 0.3."""
    setup = Setup()
    setup.board.inject(ERRORS, share=0.3, seconds=10)
    setup.drawn = drawn
    assert setup.board.strikes(ERRORS) is hit


@given(st.floats(0, 1, exclude_max=True))
def test_all_and_none_are_exact(drawn: float) -> None:
    """A share of 1 strikes every request, one of 0 none, whatever is drawn."""
    setup = Setup()
    setup.drawn = drawn
    setup.board.inject(ERRORS, share=1, seconds=10)
    assert setup.board.strikes(ERRORS)
    setup.board.inject(ERRORS, share=0, seconds=10)
    assert not setup.board.strikes(ERRORS)


@given(seconds=st.integers(1, 900), passed=st.floats(0, 2000))
def test_a_fault_ends_by_itself(seconds: int, passed: float) -> None:
    """It strikes before its time is up and never from then on, and the list says the same."""
    setup = Setup()
    setup.board.inject(ERRORS, share=1, seconds=seconds)
    until = setup.now + seconds
    setup.now += passed
    assert setup.board.strikes(ERRORS) == bool(setup.board.active()) == (setup.now < until)


def test_a_second_injection_replaces_the_first() -> None:
    """A shorter one shortens: a drill is never prolonged by accident."""
    setup = Setup()
    setup.board.inject(ERRORS, share=1, seconds=900)
    setup.board.inject(ERRORS, share=1, seconds=5)
    setup.now += 5
    assert not setup.board.strikes(ERRORS)


def test_clearing_ends_everything() -> None:
    """After clear nothing strikes."""
    setup = Setup()
    setup.board.inject(ERRORS, share=1, seconds=900)
    setup.board.clear()
    assert not setup.board.strikes(ERRORS)


def test_a_fault_keeps_what_it_was_injected_with() -> None:
    """For as long as it lasts, whatever its share."""
    setup = Setup()
    assert setup.board.value("latency") is None
    setup.board.inject("latency", share=0, seconds=10, value={"delay_seconds": 0.3})
    assert setup.board.value("latency") == {"delay_seconds": 0.3}
    setup.now += 10
    assert setup.board.value("latency") is None


def test_its_value_cannot_be_changed() -> None:
    """Neither by whoever reads it nor by whoever gave it."""
    setup, given_ = Setup(), {"peer": "payments"}
    setup.board.inject("dependency-timeout", share=1, seconds=10, value=given_)
    given_["peer"] = "catalog"
    with pytest.raises(TypeError):
        setup.board.value("dependency-timeout")["peer"] = "catalog"
    assert setup.board.value("dependency-timeout") == {"peer": "payments"}


def test_a_fault_of_one_moment_is_told_of_its_injection() -> None:
    """Once an injection, with its value."""
    setup, told = Setup(), []
    setup.board.on_injection("stock-drift", told.append)
    setup.board.inject("stock-drift", share=1, seconds=10, value={"units": 3})
    setup.board.inject(ERRORS, share=1, seconds=10)
    assert told == [{"units": 3}]


def test_the_database_is_down_while_the_fault_is_on() -> None:
    """The guard of a database raises what a real outage does."""
    setup = Setup()
    guard = database_guard(setup.board)
    guard()
    setup.board.inject("database-down", share=1, seconds=10)
    with pytest.raises(DatabaseUnavailable):
        guard()
    setup.now += 10
    guard()


def test_the_database_is_slow_while_the_fault_is_on() -> None:
    """A statement waits as long as was asked for, and no longer than the fault lasts."""
    setup, slept = Setup(), []
    pause = database_pause(setup.board, slept.append)
    pause()
    setup.board.inject(DATABASE_SLOW, share=1, seconds=10, value={"delay_seconds": 0.5})
    pause()
    pause()
    setup.now += 10
    pause()
    assert slept == [0.5, 0.5]


def test_a_share_of_the_statements_is_slow() -> None:
    """Drawn anew for each."""
    setup, slept = Setup(), []
    pause = database_pause(setup.board, slept.append)
    setup.board.inject(DATABASE_SLOW, share=0.3, seconds=10, value={"delay_seconds": 0.5})
    for setup.drawn in (0.0, 0.2999, 0.3, 0.999):
        pause()
    assert slept == [0.5, 0.5]


def test_a_fault_that_ends_while_a_statement_is_about_to_wait_hinders_nothing() -> None:
    """Its value is gone then."""
    setup, slept = Setup(), []
    setup.board.inject(DATABASE_SLOW, share=1, seconds=10, value={"delay_seconds": 0.5})

    class Ending(FaultBoard):
        def strikes(self, kind: str) -> bool:
            return True

    database_pause(Ending(clock=lambda: setup.now, random=lambda: 0.0), slept.append)()
    assert slept == []


def test_every_shared_fault_is_shown() -> None:
    """A slow database among them: 1 while it lasts."""
    setup, registry = Setup(), CollectorRegistry()
    show_in(registry, setup.board)

    def shown(kind: str) -> float | None:
        return registry.get_sample_value("shop_fault_active", {"fault": kind})

    assert {kind: shown(kind) for kind in KINDS} == dict.fromkeys(KINDS, 0.0)
    setup.board.inject(DATABASE_SLOW, share=0, seconds=10, value={"delay_seconds": 0.5})
    assert (shown(DATABASE_SLOW), shown(ERRORS)) == (1.0, 0.0)
