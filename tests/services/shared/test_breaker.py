"""The breaker: opens after failures in a row, tries with one call, and holds nobody up."""

import subprocess
import sys
import threading
import time

import pytest

from services.shared.breaker import Breaker, BreakerOpen
from tests.services.running import ROOT

OPEN_SECONDS = 0.15


class Down(Exception):
    """The peer's failure."""


def fail() -> None:
    """A call that the peer does not answer well."""
    raise Down


def call(breaker: Breaker, function=lambda: "good", *, counts: bool = True):
    """One call through *breaker*."""
    return breaker.run(function, is_failure=lambda error: counts and isinstance(error, Down))


def broken(times: int = 3) -> Breaker:
    """A breaker for three failures that has seen *times*."""
    breaker = Breaker(failures=3, open_seconds=OPEN_SECONDS)
    for _ in range(times):
        with pytest.raises(Down):
            call(breaker, fail)
    return breaker


def test_it_opens_after_failures_in_a_row() -> None:
    """From then on no call is made, and who asks is told when to come again."""
    breaker, made = broken(), []
    assert breaker.value() == 2
    with pytest.raises(BreakerOpen) as raised:
        call(breaker, lambda: made.append(1))
    assert made == []
    assert raised.value.retry_after_seconds == 1


def test_a_success_between_failures_keeps_it_closed() -> None:
    """Two, a success, two: never three in a row."""
    breaker = broken(2)
    assert call(breaker) == "good"
    for _ in range(2):
        with pytest.raises(Down):
            call(breaker, fail)
    assert breaker.value() == 0


def test_what_does_not_count_changes_nothing() -> None:
    """Neither towards opening nor towards closing."""
    breaker = broken(2)
    for _ in range(5):
        with pytest.raises(Down):
            call(breaker, fail, counts=False)
    assert breaker.value() == 0
    with pytest.raises(Down):
        call(breaker, fail)
    assert breaker.value() == 2


def test_one_success_after_the_wait_closes_it() -> None:
    """All calls go through again, and the count begins anew."""
    breaker = broken()
    time.sleep(OPEN_SECONDS)
    assert call(breaker) == "good"
    assert breaker.value() == 0
    with pytest.raises(Down):
        call(breaker, fail)
    assert breaker.value() == 0


def test_one_failure_after_the_wait_opens_it_again() -> None:
    """For the whole time."""
    breaker = broken()
    time.sleep(OPEN_SECONDS)
    with pytest.raises(Down):
        call(breaker, fail)
    assert breaker.value() == 2
    with pytest.raises(BreakerOpen):
        call(breaker)


def test_a_trial_without_a_verdict_leaves_the_next_one_to_try() -> None:
    """A call that a caller cut short says nothing about the peer."""
    breaker = broken()
    time.sleep(OPEN_SECONDS)
    with pytest.raises(Down):
        call(breaker, fail, counts=False)
    assert breaker.value() == 1
    assert call(breaker) == "good"
    assert breaker.value() == 0


def test_after_the_wait_one_call_tries_for_all() -> None:
    """Of eight at once, seven are refused while the eighth is out."""
    breaker = broken()
    time.sleep(OPEN_SECONDS)
    started, finish, made, refused = threading.Event(), threading.Event(), [], []

    def slow() -> None:
        made.append(1)
        started.set()
        finish.wait(5)

    def ask() -> None:
        try:
            call(breaker, slow)
        except BreakerOpen:
            refused.append(1)

    first = threading.Thread(target=ask)
    first.start()
    assert started.wait(5)
    assert breaker.value() == 1
    for _ in range(7):
        ask()
    finish.set()
    first.join(timeout=5)
    assert (len(made), len(refused)) == (1, 7)
    assert breaker.value() == 0


def test_calls_do_not_wait_for_one_another() -> None:
    """Eight calls are under way at the same time."""
    breaker, together = Breaker(), threading.Barrier(8, timeout=5)
    threads = [threading.Thread(target=lambda: call(breaker, together.wait)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=6)
    assert not together.broken


def test_a_late_success_does_not_close_what_has_opened() -> None:
    """A call that began before says nothing about now."""
    breaker = Breaker(failures=3, open_seconds=60)
    started, finish = threading.Event(), threading.Event()

    def slow() -> None:
        started.set()
        finish.wait(5)

    early = threading.Thread(target=lambda: call(breaker, slow))
    early.start()
    assert started.wait(5)
    for _ in range(3):
        with pytest.raises(Down):
            call(breaker, fail)
    finish.set()
    early.join(timeout=5)
    assert breaker.value() == 2


def test_redis_can_still_be_imported_afterwards() -> None:
    """Hiding it from pybreaker hides it from nobody else."""
    code = "import services.shared.breaker, redis, sys; print(redis.Redis.__name__)"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert run.stdout.strip() == "Redis"
