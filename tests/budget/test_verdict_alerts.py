"""When the page and the ticket would have fired, held against the real rules in the real promtool."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from budget.verdict_alerts import fires_after
from slo import conventions
from slo.model import Notice
from tests.budget.runs import counts, of_shop, promise
from tests.slo.answers import ask, counter, document, firing, rules_of, slo

SAMPLE = 15
EVALUATION = 30
RECORDS = 300  # seconds that a window which is summed from 5m records may lag behind
MINUTE = 60 // SAMPLE
Phases = tuple[tuple[int, int, int], ...]
"""(samples, good events at each, bad ones), one after the other."""

# A counter near 0 is taken by rate() for one that has just been born.
OLD = 1_000_000
COURSES = {
    "a full outage from the start": ((20 * MINUTE, 0, 1500),),
    "a full outage after half an hour": ((30 * MINUTE, 1500, 0), (10 * MINUTE, 0, 1500)),
    "30 % fail from the start": ((20 * MINUTE, 1050, 450),),
    "30 % fail after an hour": ((60 * MINUTE, 1500, 0), (20 * MINUTE, 1050, 450)),
    "30 % fail after three hours: the quick pair": ((180 * MINUTE, 1500, 0), (8 * MINUTE, 1050, 450)),
    "1 % fails after an hour: the slow pair": ((60 * MINUTE, 1500, 0), (120 * MINUTE, 1485, 15)),
    "too slow to page": ((40 * MINUTE, 1495, 5),),
    "half of what the budget allows": ((40 * MINUTE, 9995, 5),),
    "a few minutes that page nobody": ((60 * MINUTE, 1500, 0), (MINUTE // 2, 1050, 450), (30 * MINUTE, 1500, 0)),
    "one failure a minute": ((10 * MINUTE, 1, 0), *((MINUTE - 1, 1, 0), (1, 0, 1)) * 30),
}


def _course(name: str) -> tuple[list[float], list[float]]:
    """(bad, total) of each step."""
    steps = [(bad, good + bad) for samples, good, bad in COURSES[name] for _ in range(samples)]
    return [float(bad) for bad, _ in steps], [float(total) for _, total in steps]


def _real(name: str, severity: str, folder: Path) -> float | None:
    """Seconds after which the real rules fire, evaluated every 30 s."""
    phases: Phases = COURSES[name]
    series = {
        'requests_total{job="shop",code="200"}': counter(*((n, good) for n, good, _ in phases), start=OLD),
        'requests_total{job="shop",code="500"}': counter(*((n, bad) for n, _, bad in phases), start=OLD),
    }
    seconds = range(EVALUATION, SAMPLE * sum(n for n, _, _ in phases) + 1, EVALUATION)
    rules = rules_of(document(slo()), folder)
    asked = [(f"{at}s", firing(severity=severity)) for at in seconds]
    answers = ask(rules, series, asked, sample=f"{SAMPLE}s", step=f"{EVALUATION}s")
    return next((float(at) for at, answer in zip(seconds, answers, strict=True) if answer), None)


@pytest.mark.parametrize("name", COURSES)
def test_the_page_comes_when_the_rules_send_it(name: str, tmp_path: Path) -> None:
    """Within a step and an evaluation, and not at all where they send none.

    The slow pair's long window is summed from records of 5 minutes, which leaves out some of the newest failures.
    """
    bad, total = _course(name)
    ours, theirs = fires_after(of_shop(tmp_path), counts(bad, total), conventions.PAGE), _real(name, "page", tmp_path)
    assert (ours is None) is (theirs is None), (ours, theirs)
    if ours is not None and theirs is not None:
        slack = RECORDS if "slow pair" in name else 0
        assert -SAMPLE <= theirs - ours <= SAMPLE + EVALUATION + slack


@pytest.mark.parametrize("name", ["30 % fail after an hour", "too slow to page", "half of what the budget allows"])
def test_the_ticket_comes_when_the_rules_open_it(name: str, tmp_path: Path) -> None:
    """Its windows are summed from records of two minutes, which are averages of five: so much later."""
    bad, total = _course(name)
    ours, theirs = (
        fires_after(of_shop(tmp_path), counts(bad, total), conventions.TICKET),
        _real(name, "ticket", tmp_path),
    )
    assert (ours is None) is (theirs is None), (ours, theirs)
    if ours is not None and theirs is not None:
        assert -SAMPLE <= theirs - ours <= RECORDS + EVALUATION


def test_nobody_is_told_by_an_alert_that_is_disabled(tmp_path: Path) -> None:
    """A full outage of an SLO without a page is a ticket."""
    found = of_shop(tmp_path)
    silent = Notice(enabled=False, labels=(), annotations=())
    quiet = replace(found, alerting=replace(found.alerting, page=silent))
    outage = counts([100.0] * 20, [100.0] * 20)
    assert fires_after(found, outage, conventions.PAGE) == 15
    assert fires_after(quiet, outage, conventions.PAGE) is None
    assert fires_after(quiet, outage, conventions.TICKET) == 15


@pytest.mark.parametrize(
    ("least", "after"),
    [pytest.param(0, 15, id="without a guard"), pytest.param(3, 45, id="three"), pytest.param(10, 150, id="ten")],
)
def test_the_guard_waits_for_so_many_failures(least: int, after: float, tmp_path: Path) -> None:
    """One failure a step, all of them bad."""
    found = of_shop(tmp_path)
    guarded = replace(found, alerting=replace(found.alerting, min_failures=least))
    assert fires_after(guarded, counts([1.0] * 40, [1.0] * 40), conventions.PAGE) == after


def test_an_objective_that_no_outage_exceeds_pages_nobody(tmp_path: Path) -> None:
    """At 90 %, 14.4 times the budget is more than every event."""
    found = promise(of_shop(tmp_path), "90")
    assert fires_after(found, counts([10.0] * 20, [10.0] * 20), conventions.PAGE) == 15  # the slow pair: 60 %
    assert fires_after(promise(found, "50"), counts([10.0] * 20, [10.0] * 20), conventions.PAGE) is None


def test_a_short_window_forgets_what_is_over(tmp_path: Path) -> None:
    """The long window alone never fires: five minutes after a burst the short one of the quick pair is clean."""
    found = of_shop(tmp_path)
    burst = [(0.0, 100.0)] * 4 + [(20.0, 100.0)] + [(0.0, 100.0)] * 60
    fired = [
        fires_after(found, counts(*map(list, zip(*burst[:end], strict=True))), conventions.PAGE) is not None
        for end in range(1, len(burst))
    ]
    assert [(before, after) for before, after in pairwise(fired) if before is not after] == [(False, True)]


def test_the_slow_pair_waits_for_one_failure_more(tmp_path: Path) -> None:
    """1 % burns too fast for the slow pair alone, which asks for N + 1."""
    assert fires_after(of_shop(tmp_path), counts([1.0] * 40, [100.0] * 40), conventions.PAGE) == 4 * SAMPLE


def test_the_long_window_of_the_quick_pair_is_an_hour(tmp_path: Path) -> None:
    """After three good hours 12 steps of 30 % are 1.5 % of the last hour; of all of it, below the slow pair's 0.6 %."""
    course = counts([0.0] * 720 + [450.0] * 40, [1500.0] * 760)
    assert fires_after(of_shop(tmp_path), course, conventions.PAGE) == (720 + 12) * SAMPLE
