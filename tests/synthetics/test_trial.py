"""What a load run means as a trial of a capacity search."""

from typing import Any

import pytest

from synthetics.outcome import judge
from synthetics.trial import trial_of
from tests.synthetics.test_outcome import GOOD_GENERATOR, SLO
from tests.synthetics.test_outcome import run as well

LINE = {"metric": "process_cpu", "title": "CPU", "where": "orders", "mean": 0.9, "highest": 1.0, "points": []}
BROKEN = {"verdict": "fail", "slos": [SLO | {"verdict": "fail", "sli": 0.9}]}
LATE = [GOOD_GENERATOR | {"late": 50, "late_share": 0.05}]


def run(**other: Any) -> dict[str, Any]:
    """A run of a hundred seconds."""
    document = well(**other) | {"began": 100.0, "ended": 200.0, "saturation": [LINE]}
    document["outcome"], document["reasons"] = judge(document)
    return document


@pytest.mark.parametrize(
    ("document", "held", "generator", "why"),
    [
        pytest.param(run(), True, False, None, id="all SLOs held"),
        pytest.param(run(failures=1), True, False, None, id="one step in a thousand failed"),
        pytest.param(run(failures=2), False, False, "0.20% of the steps failed", id="two in a thousand failed"),
        pytest.param(run(verdict=BROKEN), False, False, "SLO orders-availability: 90.000%", id="an SLO broke"),
        pytest.param(
            run(left_out=50), False, False, "were left out", id="the shop was so slow that visits were left out"
        ),
        pytest.param(run(generators=LATE), False, True, "the bottleneck", id="the generator was too slow"),
        pytest.param(
            run(generators=LATE, verdict=BROKEN),
            False,
            False,
            "the bottleneck",
            id="both were: the shop said so itself",
        ),
    ],
)
def test_a_trial_holds_or_says_why_not(document: dict[str, Any], held: bool, generator: bool, why: str | None) -> None:
    """And whether the shop or the generator was what could do no more."""
    found = trial_of(document, 4.0)
    assert (found.held, found.generator) == (held, generator)
    assert why is None or any(why in each for each in found.why)


@pytest.mark.parametrize(
    ("document", "unknown"),
    [
        pytest.param(run(no_verdict="no verdict: it died"), True, id="no verdict"),
        pytest.param(run(verdict={"verdict": "no data", "slos": []}), True, id="no data"),
        pytest.param(run(faults=["1 of 2 workers went away"]), True, id="a worker died"),
        pytest.param(run(no_verdict="no verdict", failures=500), False, id="no verdict, but half of the steps failed"),
        pytest.param(run(faults=["1 of 2 workers went away"], verdict=BROKEN), False, id="less load broke an SLO"),
        pytest.param(run(left_out=50), False, id="the shop was so slow that visits were left out"),
        pytest.param(run(), False, id="all SLOs held"),
    ],
)
def test_a_trial_that_proves_nothing_is_not_held_against_the_shop(document: dict[str, Any], unknown: bool) -> None:
    """It did not hold; that the shop was too slow is another thing."""
    found = trial_of(document, 4.0)
    assert found.unknown is unknown
    assert not (found.unknown and found.held)


def test_its_facts_are_for_the_file() -> None:
    """Rates per second of the run, and what was fullest."""
    found = trial_of(run(), 4.0)
    assert (found.facts["visits_per_s"], found.facts["answers_per_s"]) == (10.0, 10.0)
    assert found.facts["fullest"] == [{"metric": "process_cpu", "where": "orders", "mean": 0.9, "highest": 1.0}]
    assert found.bottleneck is not None
    assert found.bottleneck["where"] == "orders"
