"""slo.budget: the arithmetic of error budgets is exact."""

import dataclasses
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo import promql
from slo.budget import burn_rate, error_budget, threshold
from slo.errors import SpecErrors
from slo.windows import DAY, HOUR
from tests.slo.answers import catalogue, document, slo

objectives = st.decimals(min_value="0.00001", max_value="99.99999", places=5)


def _slo(objective: str, folder):
    return catalogue(document(slo(objective=objective)), folder).slos[0]


@pytest.mark.parametrize(
    ("objective", "budget"),
    [("99.9", "0.001"), ("99.99", "0.0001"), ("99.999", "0.00001"), ("95", "0.05"), ("90.0", "0.1"), ("0.5", "0.995")],
)
def test_the_budget_is_what_the_objective_leaves(objective, budget, tmp_path):
    """Without the digits that binary fractions add: sloth writes 0.0009999999999999432 for 99.9 %."""
    found = error_budget(_slo(objective, tmp_path))
    assert (found, promql.number(found)) == (Decimal(budget), budget)


@pytest.fixture(scope="module")
def any_slo(tmp_path_factory):
    """An SLO to give objectives to."""
    return _slo("99.9", tmp_path_factory.mktemp("spec"))


@given(objective=objectives)
def test_budget_and_objective_are_the_whole(any_slo, objective):
    """No objective loses a digit."""
    budget = error_budget(dataclasses.replace(any_slo, objective=objective))
    assert budget * 100 + objective == 100
    assert 0 < budget < 1


@pytest.mark.parametrize("objective", ["100", "99." + "9" * 40, "0", "-1", "100.1", ".nan", ".inf"])
def test_an_objective_without_a_budget_is_refused(objective, tmp_path):
    """Also one that is 100 but for digits that no arithmetic keeps."""
    with pytest.raises(SpecErrors, match="objective"):
        _slo(objective, tmp_path)


def test_a_threshold_is_factor_times_budget():
    """14.4 times a budget of a thousandth; above 1 it can never be exceeded."""
    assert threshold(Fraction("14.4"), Decimal("0.001")) == Fraction("0.0144")
    assert threshold(Fraction("14.4"), Decimal("0.1")) > 1


@given(share=st.fractions(0, 1), window=st.integers(1, 30 * DAY))
def test_a_burn_rate_spends_its_share_within_its_window(share, window):
    """Rate × window is the share of the period that is spent."""
    assert burn_rate(share, window, 30 * DAY) * window == share * 30 * DAY


def test_a_burn_rate_of_one_spends_the_budget_in_one_period():
    """That is what 1 means."""
    assert burn_rate(Fraction(1), 30 * DAY, 30 * DAY) == 1
    assert burn_rate(Fraction("0.02"), HOUR, 30 * DAY) == Fraction("14.4")


@pytest.mark.parametrize(
    ("share", "window", "period"),
    [("0.5", 0, DAY), ("0.5", 2 * DAY, DAY), ("1.1", HOUR, DAY), ("-0.1", HOUR, DAY)],
    ids=["no window", "a window beyond the period", "more than the budget", "less than nothing"],
)
def test_impossible_burn_rates_are_refused(share, window, period):
    """What cannot be spent is no rate."""
    with pytest.raises(ValueError, match="share"):
        burn_rate(Fraction(share), window, period)
