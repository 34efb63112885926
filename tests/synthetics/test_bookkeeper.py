"""The book of a run: what all processes tell, how it goes, and how it went."""

import pytest

from synthetics.bookkeeper import Bookkeeper
from synthetics.generator import Meter
from synthetics.record import Record

BEGAN = 1000.0


def news(*, answers: int, at: float, under_way: int = 2, accounts: int = 3) -> dict:
    """What a process tells: so many answers in 100 ms each, and that its loop was 5 ms late."""
    record, meter = Record(), Meter()
    for _ in range(answers):
        record.begun("buy", at)
        record.step("buy", "check out", at=at, seconds=0.1, error=None)
    meter.begin()
    meter.woke(0.005)
    told = {"delta": record.take(), "generator": meter.take()}
    return {**told, "under_way": under_way, "accounts": accounts, "stampede": None}


def kept() -> Bookkeeper:
    """Of two workers who told twice."""
    keeper = Bookkeeper(workers=2)
    keeper.began = BEGAN
    for at in (1001.0, 1015.0):
        keeper.take("a", news(answers=20, at=at))
        keeper.take("b", news(answers=10, at=at, under_way=4, accounts=8))
    return keeper


def test_live_rates_are_those_of_the_last_ten_seconds_and_faults_those_of_the_run() -> None:
    """Of both workers together."""
    live = kept().live(1020.0)
    assert (live["elapsed"], live["requests"], live["under_way"], live["accounts"]) == (20.0, 60, 6, 8)
    assert (live["visits_per_s"], live["requests_per_s"]) == (3.0, 3.0)
    assert live["p99"] == pytest.approx(0.1, rel=0.05)
    assert live["lag_p99"] == pytest.approx(0.005, rel=0.05)


def test_before_it_begins_nothing_is_running() -> None:
    """Workers are still coming in."""
    live = Bookkeeper(workers=2).live(5.0)
    assert (live["running"], live["elapsed"], live["p50"]) == (False, 0.0, None)


def test_the_result_has_each_process_and_the_last_account() -> None:
    """Those up to it may have bought something."""
    result = kept().result(1020.0)
    assert [each["name"] for each in result["generators"]] == ["1 of 2", "2 of 2"]
    assert (result["accounts"], result["began"], result["ended"]) == (8, BEGAN, 1020.0)


def test_a_fault_is_said_once() -> None:
    """However often it is noticed."""
    keeper = kept()
    keeper.fault("a worker went away")
    keeper.fault("a worker went away")
    assert keeper.result(1020.0)["faults"] == ["a worker went away"]
