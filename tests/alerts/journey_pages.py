"""When the page of a journey goes out, asked of promtool: the generated rules over a course of one visit a minute."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from budget import drill_forecast, rule_closure
from budget.drill_forecast import HISTORY_SECONDS, STEP_SECONDS, Rules
from budget.first_firing import EVALUATION_SECONDS, Times, first_firing
from slo.windows import MINUTE
from tools.install import find

GENERATED = Path(__file__).resolve().parents[2] / "generated"


def page_seconds(
    journey: str, alert: str, fails: Callable[[int], bool], *, within: int, offset: int = 0
) -> float | None:
    """How long after its first failure the page of *journey* fires; None: not *within* so many seconds.

    Args:    fails: whether the visit number n fails, counted from the end of seven hours in which all passed; number 0
             does. offset: seconds after the full minute at which visits end.
    """
    assert fails(0)
    labels = {"slo": journey, "service": "journeys", "severity": "page"}
    closure = rule_closure.of(_rules().groups, alert, labels, horizon_seconds=HISTORY_SECONDS)
    times = Times(begin=HISTORY_SECONDS, end=HISTORY_SECONDS + within + EVALUATION_SECONDS, step=STEP_SECONDS)
    fires = first_firing(
        {"alertname": alert, "sloth_severity": "page"},
        closure.groups,
        _series(journey, fails, times.end + MINUTE, offset),
        _rules().promtool,
        times,
    )
    return None if fires is None else fires - offset


@lru_cache(maxsize=1)
def _rules() -> Rules:
    promtool = find("promtool")
    assert promtool is not None, "promtool is missing: run make setup"
    return drill_forecast.read_rules(GENERATED, promtool)


def _series(journey: str, fails: Callable[[int], bool], end: int, offset: int) -> Iterator[tuple[str, str]]:
    labels = f'job="journeys",instance="journeys",journey="{journey}"'
    for outcome, counts in _counts(fails, end, offset).items():
        yield f'journey_attempts_total{{{labels},outcome="{outcome}"}}', " ".join(map(str, counts))


def _counts(fails: Callable[[int], bool], end: int, offset: int) -> dict[str, list[int]]:
    """What the probe's counters show at each scrape."""
    ended = [(number * MINUTE + offset, number - HISTORY_SECONDS // MINUTE) for number in range(end // MINUTE)]
    bad = {at for at, number in ended if number >= 0 and fails(number)}
    moments = range(0, end, STEP_SECONDS)
    return {
        "passed": list(_cumulated([at for at, _ in ended if at not in bad], moments)),
        "slow": [0 for _ in moments],
        "failed": list(_cumulated(sorted(bad), moments)),
    }


def _cumulated(at: list[int], moments: range) -> Iterator[int]:
    count = 0
    for moment in moments:
        while count < len(at) and at[count] <= moment:
            count += 1
        yield count
