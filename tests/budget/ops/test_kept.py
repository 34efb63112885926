"""Answers are kept while they are fresh, asked for once at a time, and not lost where asking fails."""

import threading
import time
from collections.abc import Callable

import pytest

from budget.errors import Unreachable
from budget.ops.kept import LONG_AGO_SECONDS, SLOW_SECONDS, Kept

PATIENCE = 5.0


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def counting(answers: list[int | Exception]) -> Callable[[], int]:
    """Gives one answer after the other."""

    def ask() -> int:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return ask


def test_a_fresh_answer_is_given_again() -> None:
    """Nobody is asked before it is old."""
    clock = Clock()
    kept = Kept(counting([1, 2]), fresh_seconds=10, clock=clock)
    assert (kept.get(patience_seconds=PATIENCE).value, kept.get(patience_seconds=PATIENCE).at) == (1, 1000)
    clock.now += 9.9
    assert kept.get(patience_seconds=PATIENCE).value == 1
    clock.now += 0.1
    assert kept.get(patience_seconds=PATIENCE).value == 2


def test_many_ask_once() -> None:
    """A page that many look at costs a server what one costs."""
    gate, asked = threading.Event(), list[int]()

    def ask() -> int:
        asked.append(1)
        gate.wait(PATIENCE)
        return len(asked)

    kept = Kept(ask, fresh_seconds=10)
    found: list[int | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(kept.get(patience_seconds=PATIENCE).value)) for _ in range(8)
    ]
    for each in threads:
        each.start()
    gate.set()
    for each in threads:
        each.join()
    assert (found, len(asked)) == ([1] * 8, 1)


def test_a_failure_keeps_what_was_known_and_says_since_when() -> None:
    """It is tried again when it is old; the first failure's moment stays."""
    clock = Clock()
    answers: list[int | Exception] = [1, Unreachable("gone"), Unreachable("gone still"), 2]
    kept = Kept(counting(answers), fresh_seconds=10, clock=clock)
    kept.get(patience_seconds=PATIENCE)
    clock.now = 1010
    failed = kept.get(patience_seconds=PATIENCE)
    assert (failed.value, failed.at, failed.fault, failed.since, failed.known) == (1, 1000, "gone", 1010, None)
    clock.now = 1020
    again = kept.get(patience_seconds=PATIENCE)
    assert (again.value, again.fault, again.since) == (1, "gone still", 1010)
    clock.now = 1030
    well = kept.get(patience_seconds=PATIENCE)
    assert (well.known, well.fault, well.since) == (2, "", None)


def test_a_fault_of_ours_is_a_failure_too(caplog: pytest.LogCaptureFixture) -> None:
    """The rest of the page is shown, and the log has the traceback."""
    kept = Kept(counting([ZeroDivisionError("oops")]), fresh_seconds=10)
    assert kept.get(patience_seconds=PATIENCE).fault == "it could not be read: the log says why"
    assert "ZeroDivisionError" in caplog.text


def test_nobody_waits_longer_than_they_want_to() -> None:
    """What was known before is given, and after a while that there is no answer yet."""
    clock, gate = Clock(), threading.Event()

    def ask() -> int:
        gate.wait(20)
        return 7

    kept = Kept(ask, fresh_seconds=10, clock=clock)
    began = time.monotonic()
    assert kept.get(patience_seconds=0.05).fault == ""
    clock.now += SLOW_SECONDS
    seen = kept.get(patience_seconds=0.05)
    assert (seen.fault, seen.since, seen.waits) == ("there is no answer yet", 1000, True)
    assert time.monotonic() - began < PATIENCE
    gate.set()
    assert kept.get(patience_seconds=PATIENCE).value == 7


def test_an_answer_of_hours_ago_is_none_of_now() -> None:
    """Nobody asked meanwhile: the next one is worth waiting for, and until then nothing is known as of now."""
    clock, gate = Clock(), threading.Event()
    gate.set()

    def ask() -> int:
        gate.wait(20)
        return 7

    kept = Kept(ask, fresh_seconds=10, clock=clock)
    assert kept.get(patience_seconds=PATIENCE).known == 7
    assert not kept.is_worth_waiting_for()
    # One that was looked at lately is still good; later than that a newer one is waited for, and it is good meanwhile.
    for seconds, worth in ((10 + SLOW_SECONDS - 1, False), (10 + LONG_AGO_SECONDS - 1, True)):
        gate.clear()
        clock.now += seconds
        lately = kept.get(patience_seconds=0.05)
        assert (lately.known, kept.is_worth_waiting_for()) == (7, worth)
        gate.set()
        assert kept.get(patience_seconds=PATIENCE).at == clock.now
    gate.clear()
    clock.now += 4 * 3600
    assert (kept.peek().value, kept.peek().known, kept.peek().since) == (7, None, clock.now - 4 * 3600)
    seen = kept.get(patience_seconds=0.05)
    assert (seen.value, seen.known, seen.fault, seen.since) == (7, None, "there is no answer yet", clock.now)
    assert kept.is_worth_waiting_for()
    clock.now += SLOW_SECONDS
    assert not kept.is_worth_waiting_for()
    gate.set()
    assert kept.get(patience_seconds=PATIENCE).known == 7


def test_a_clock_that_is_set_back_stops_nothing() -> None:
    """What was read by the clock of before is asked for anew, rather than once the clock is there again."""
    clock = Clock()
    kept = Kept(counting([1, 2]), fresh_seconds=10, clock=clock)
    kept.get(patience_seconds=PATIENCE)
    clock.now -= 500
    seen = kept.get(patience_seconds=PATIENCE)
    assert (seen.known, seen.at) == (2, 500)


def test_what_was_asked_before_a_change_is_old_after_it() -> None:
    """Whoever has acknowledged must not see the page of before."""
    gates = [threading.Event(), threading.Event()]
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        number = len(asked)
        gates[number - 1].wait(PATIENCE)
        return number

    kept = Kept(ask, fresh_seconds=1000)
    kept.start()
    kept.forget()
    for gate in gates:
        gate.set()
    assert kept.get(patience_seconds=PATIENCE).value == 2
    kept.forget()
    gates.append(threading.Event())
    gates[2].set()
    assert kept.get(patience_seconds=PATIENCE).value == 3


def test_peeking_asks_nobody() -> None:
    """Not even where nothing is known."""
    assert Kept(counting([]), fresh_seconds=10).peek().value is None
