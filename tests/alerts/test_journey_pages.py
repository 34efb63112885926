"""How soon a journey that breaks wakes somebody, at one visit a minute: as promtool says of the generated rules."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from slo.load import load
from slo.model import Slo
from slo.windows import HOUR, MINUTE, for_period
from tests.alerts.journey_pages import page_seconds

SPECS = Path(__file__).resolve().parents[2] / "slo" / "specs" / "journeys.yaml"
SLOS = {slo.journey: slo for slo in load([str(SPECS)]).slos}


def least_failures(slo: Slo) -> int:
    """How many failures within an hour of visits the quick page waits for: its share of them, or its guard."""
    quick = for_period(slo.period_days).page_quick
    assert quick.long_seconds == HOUR
    share = Fraction(quick.factor) * (1 - Fraction(slo.objective) / 100)
    return max(int(share * (HOUR // MINUTE)) + 1, slo.alerting.min_failures)


def page(journey: str, numerator: int, within: int, *, offset: int = 30) -> float | None:
    """Seconds to the page when *numerator* of ten visits fail, spread evenly, and the first of all."""
    name = SLOS[journey].alerting.name
    # The failures of ten visits: numbers at which the sum of shares passes a whole number.
    fails = lambda number: number * numerator % 10 < numerator  # noqa: E731
    return page_seconds(journey, name, fails, within=within, offset=offset)


@pytest.mark.parametrize("journey", ["buy", "browse"])
def test_when_every_visit_fails_the_page_comes_with_the_failure_that_decides(journey: str) -> None:
    """In the minute of the fifth for buying, of the third for browsing: the numbers that their objectives make."""
    least = least_failures(SLOS[journey])
    assert least == {"buy": 5, "browse": 3}[journey]
    seconds = page(journey, 10, 15 * MINUTE)
    assert seconds is not None
    assert (least - 1) * MINUTE <= seconds <= least * MINUTE


def test_when_three_of_ten_purchases_fail_it_comes_within_a_quarter_of_an_hour() -> None:
    """The fifth failure is that of the fourteenth visit, after thirteen minutes; the rules see it within one more."""
    failures = [number for number in range(60) if number * 3 % 10 < 3]
    decisive = failures[least_failures(SLOS["buy"]) - 1] * MINUTE
    seconds = page("buy", 3, 30 * MINUTE)
    assert seconds is not None
    assert decisive <= seconds <= decisive + MINUTE
    assert 12 * MINUTE <= seconds <= 16 * MINUTE


def test_a_visit_in_twenty_pages_nobody() -> None:
    """Buying is promised at 99.5 %: a twentieth is ten times as much, below what the quick page asks for, and told as
    fast as the slow one is.
    """
    name = SLOS["buy"].alerting.name
    assert page_seconds("buy", name, lambda number: number % 20 == 0, within=2 * HOUR, offset=30) is None


def test_two_failures_page_nobody() -> None:
    """At an hour without shoppers, nobody is woken by chance."""
    name = SLOS["browse"].alerting.name
    assert page_seconds("browse", name, lambda number: number < 2, within=HOUR) is None
