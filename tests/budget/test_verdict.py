"""Pass or fail, what of the budget a run spent, and what limits the figures."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget.verdict import FAIL, NO_DATA, PASS, Judgement, judge, nothing, overall, worst_first
from slo.model import Slo
from tests.budget.runs import counts, of_shop, promise

PERIOD_SECONDS = 30 * 86_400


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> Slo:
    """An SLO of 99.9 % over 30 days."""
    return of_shop(tmp_path_factory.mktemp("specs"))


@pytest.mark.parametrize(
    ("bad", "total", "objective", "verdict"),
    [
        pytest.param(0, 1000, "99.9", PASS, id="nothing failed"),
        pytest.param(1, 1000, "99.9", PASS, id="exactly what is allowed"),
        pytest.param(2, 1000, "99.9", FAIL, id="one more"),
        pytest.param(7, 70_000, "99.99", PASS, id="exactly what is allowed, and no binary fraction"),
        pytest.param(0, 10, "99.9", PASS, id="few events"),
        pytest.param(1, 10, "99.9", FAIL, id="few events, one of them bad"),
        pytest.param(-1, 1000, "99.9", PASS, id="counters of two scrapes"),
        pytest.param(0, 0, "99.9", NO_DATA, id="no events"),
    ],
)
def test_the_objective_decides(requests: Slo, bad: int, total: int, objective: str, verdict: str) -> None:
    """bad / total ≤ 1 − objective, exactly."""
    assert judge(promise(requests, objective), counts([bad], [total]), "load", recorded=None).verdict == verdict


@given(st.integers(0, 10**6), st.integers(1, 10**9), st.decimals("0.01", "99.999", places=3))
def test_it_is_decided_in_exact_numbers(requests: Slo, bad: int, total: int, objective: Decimal) -> None:
    """As with fractions of whole numbers, whatever the objective."""
    row = judge(promise(requests, str(objective)), counts([bad], [total]), "load", recorded=None)
    assert (row.verdict == PASS) is (bad * 100_000 <= int((100 - objective) * 1000) * total)


@pytest.mark.parametrize(("total", "low"), [(999, True), (1000, False)])
def test_low_traffic_is_where_one_failure_would_decide(requests: Slo, total: int, low: bool) -> None:
    """At 99.9 % below a thousand events."""
    assert ("low traffic" in judge(requests, counts([0], [total]), "load", recorded=None).marks) is low


def test_the_budget_is_that_of_the_recorded_period(requests: Slo) -> None:
    """Thirty failures where users' 100,000 events allow a hundred."""
    row = judge(requests, counts([30], [500]), "load", recorded=100_000, seeded=0.8)
    assert (row.budget_spent, row.basis, row.period_events, row.seeded) == (
        pytest.approx(0.3),
        "recorded",
        100_000,
        0.8,
    )


@pytest.mark.parametrize("recorded", [None, 0.0, math.nan, math.inf])
def test_without_a_record_the_run_stands_for_the_period(requests: Slo, recorded: float | None) -> None:
    """Its rate, held for 30 days: a minute of nothing but failures spends 1 / 43.2 of a budget of 0.1 %."""
    row = judge(requests, counts([100] * 4, [100] * 4), "load", recorded=recorded, seeded=0.8)
    assert (row.basis, row.seeded) == ("run rate", None)
    assert row.budget_spent == pytest.approx(60 / (PERIOD_SECONDS * 0.001))


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 100)), min_size=1, max_size=30), st.floats(1, 1e9))
def test_what_is_spent_grows_with_failures_alone(requests: Slo, steps: list[tuple[int, int]], recorded: float) -> None:
    """In the order of steps or in another, the same share; none without failures, never below 0."""
    bad, total = [float(b) for b, _ in steps], [float(b + g) for b, g in steps]
    if not sum(total):
        return
    row, turned = (
        judge(requests, found, "load", recorded=recorded)
        for found in (counts(bad, total), counts(bad[::-1], total[::-1]))
    )
    assert row.budget_spent == turned.budget_spent == pytest.approx(sum(bad) / (recorded * 0.001))


def test_a_burn_of_one_that_lasts_a_period_spends_it_all(requests: Slo) -> None:
    """The share is a share: a run at exactly the objective, held for the whole period, spends 100 %."""
    row = judge(requests, counts([1.0] * 720, [1000.0] * 720, 3600), "load", recorded=None)
    assert row.budget_spent == pytest.approx(1)


@pytest.mark.parametrize(
    ("verdicts", "named", "expected"),
    [
        pytest.param([PASS, PASS], False, PASS, id="all pass"),
        pytest.param([PASS, FAIL, NO_DATA], False, FAIL, id="one fails"),
        pytest.param([PASS, NO_DATA], False, PASS, id="one has no events"),
        pytest.param([PASS, NO_DATA], True, NO_DATA, id="one that was named has none"),
        pytest.param([FAIL, NO_DATA], True, FAIL, id="a failure is one, named or not"),
        pytest.param([NO_DATA, NO_DATA], False, NO_DATA, id="none has"),
        pytest.param([], False, NO_DATA, id="none at all"),
    ],
)
def test_the_run_is_as_its_worst_slo(requests: Slo, verdicts: list[str], named: bool, expected: str) -> None:
    """No data is no success, but no failure of the others either."""
    rows = [Judgement(slo=requests, traffic="load", verdict=verdict) for verdict in verdicts]
    assert overall(rows, named=named) == expected


def test_the_worst_comes_first(requests: Slo) -> None:
    """Failures by what they spent, then what would have told somebody, then the rest, then the unknown."""
    rows = [
        nothing(requests, "load", "no events"),
        judge(requests, counts([0], [5000]), "load", recorded=1e6),
        judge(requests, counts([4], [5000]), "load", recorded=1e6),
        judge(requests, counts([6], [5000]), "load", recorded=1e6),
        judge(requests, counts([4000], [5000]), "load", recorded=1e6),
    ]
    assert [(row.verdict, row.bad) for row in worst_first(rows)] == [
        (FAIL, 4000),
        (FAIL, 6),
        (PASS, 4),
        (PASS, 0),
        (NO_DATA, None),
    ]
