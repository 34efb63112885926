"""What a run says in the end: invalid before failed before passed, each with its reasons."""

import copy
from typing import Any

import pytest

from synthetics.outcome import judge
from synthetics.record import Record

GOOD_GENERATOR = {
    "name": "1 of 1",
    "cpu_share_mean": 0.1,
    "cpu_share_max": 0.2,
    "cpu_busy_share": 0.0,
    "lag_p99": 0.002,
    "lag_max": 0.01,
    "late": 0,
    "late_share": 0.0,
}
SLO = {"id": "orders-availability", "verdict": "pass", "sli": 0.9995, "objective": 0.999, "would_page": False}


def run(*, failures: int = 0, left_out: int = 0, begun: int = 1000, **other: Any) -> dict[str, Any]:
    """A run that went well but for what is said."""
    record = Record()
    for number in range(begun):
        record.begun("buy", 1.0)
        error = "buy: status 500, expected 201" if number < failures else None
        record.step("buy", "check out", at=1.0, seconds=0.1, error=error)
    record.left_out(1.0, left_out)
    return {
        "book": record.take(),
        "faults": [],
        "generators": [GOOD_GENERATOR],
        "no_verdict": "",
        "verdict": {"verdict": "pass", "slos": [SLO]},
        "stampede": None,
        "clean_up": {"failed": 0, "cancelled": 3},
    } | copy.deepcopy(other)


def stampede(**outcomes: int) -> dict[str, Any]:
    """Of a hundred for ten."""
    return {"buyers": 100, "units": 10, "outcomes": outcomes, "fault": None}


@pytest.mark.parametrize(
    ("found", "outcome", "reason"),
    [
        pytest.param(run(), "passed", None, id="all went well"),
        pytest.param(run(verdict=None), "passed", None, id="nobody was asked for a verdict"),
        pytest.param(run(left_out=10), "passed", None, id="one in a hundred was left out"),
        pytest.param(run(stampede=stampede(confirmed=10, out_of_stock=90)), "passed", None, id="a clean stampede"),
        pytest.param(run(failures=2), "failed", "2 steps failed: buy/check out (2)", id="a step failed"),
        pytest.param(
            run(verdict={"verdict": "fail", "slos": [SLO | {"verdict": "fail", "sli": 0.99}]}),
            "failed",
            "SLO orders-availability: 99.000% of what was asked went well, promised are 99.900%",
            id="an SLO broke",
        ),
        pytest.param(
            run(stampede=stampede(confirmed=11, out_of_stock=89)),
            "failed",
            "stampede: expected 10 confirmed, 90 out of stock; came 11 confirmed, 89 out of stock",
            id="one unit was sold twice",
        ),
        pytest.param(
            run(stampede=stampede(confirmed=10, out_of_stock=88, failed=2)),
            "failed",
            "came 10 confirmed, 2 failed, 88 out of stock",
            id="two buyers got no clean answer",
        ),
        pytest.param(
            run(clean_up={"failed": 4, "cancelled": 0}),
            "failed",
            "what 4 accounts bought could not be cancelled",
            id="something is left",
        ),
        pytest.param(run(left_out=11), "invalid", "11 visits (1.1%) were left out", id="too many were left out"),
        pytest.param(
            run(generators=[GOOD_GENERATOR | {"late": 50, "late_share": 0.05}]),
            "invalid",
            "generator 1 of 1 was the bottleneck",
            id="the generator was late",
        ),
        pytest.param(run(faults=["1 of 2 workers went away"]), "invalid", "workers went away", id="a worker died"),
        pytest.param(run(begun=0), "invalid", "no request was made", id="nothing was done"),
        pytest.param(run(no_verdict="no verdict: it died"), "invalid", "no verdict: it died", id="no verdict came"),
        pytest.param(
            run(verdict={"verdict": "no data", "slos": []}),
            "invalid",
            "no data of the run",
            id="Prometheus saw nothing",
        ),
        pytest.param(run(failures=5, faults=["odd"]), "invalid", "odd", id="a failed run that nobody can believe"),
    ],
)
def test_a_run_has_one_outcome_and_says_why(found: dict[str, Any], outcome: str, reason: str | None) -> None:
    """The first reason that is expected, or none."""
    came, reasons = judge(found)
    assert came == outcome
    assert (reason is None and not reasons) or any(reason in each for each in reasons if reason)


def test_who_was_let_through_too_seldom_is_told_what_to_do() -> None:
    """A 429 is the limit of one address, which a load test is."""
    found = run()
    found["book"]["steps"]["buy/check out"][0] = 1
    found["book"]["errors"] = {"buy: status 429 (rate_limited), expected 201": 1}
    assert any("up --for-load" in each for each in judge(found)[1])
