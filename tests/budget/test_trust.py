"""How far figures can be trusted."""

import math

import pytest

from budget.trust import LEAST_FAILURES, Seeded, is_low_traffic, low_traffic_floor, seeded_part, spelt
from slo.spec import AlertingShape
from tests.budget.canned import DAY, NOW


@pytest.mark.parametrize(
    ("objective", "days", "floor"),
    [
        pytest.param(0.999, 30, 1 / 0.0144, id="one failure in 69 burns at the page's 14.4"),
        pytest.param(0.99, 30, 1 / 0.144, id="a tenth of that at a tenth of the promise"),
        pytest.param(0.999, 7, 1 / 0.01344, id="the factor is the period's"),
        pytest.param(0.5, 30, 3, id="a page waits for three failures"),
        pytest.param(0.999, None, 1 / 0.0144, id="no period known"),
        pytest.param(0.999, 400, 1 / 0.0144, id="a period that rules never have"),
        pytest.param(1.0, 30, 3, id="a promise without budget"),
    ],
)
def test_the_floor_follows_from_the_page(objective: float, days: float | None, floor: float) -> None:
    """Below it one failure is an alarm or nothing."""
    assert low_traffic_floor(objective, days) == pytest.approx(floor)


def test_the_least_failures_are_the_specs_default() -> None:
    """The guard of the rules and the floor here speak of the same."""
    assert AlertingShape.model_fields["min_failures"].default == LEAST_FAILURES


@pytest.mark.parametrize(
    ("events", "counts", "ratio", "low"),
    [
        pytest.param(9.0, True, 0.0, True, id="few"),
        pytest.param(10.0, True, 0.0, False, id="enough"),
        pytest.param(0.0, False, 0.0, True, id="nothing, of whatever unit"),
        pytest.param(0.1, False, 0.0, False, id="something, of a unit of its own"),
        pytest.param(None, False, math.nan, True, id="sloth's 0 / 0"),
        pytest.param(None, False, 0.0, False, id="sloth counts no events"),
        pytest.param(math.nan, True, None, False, id="nothing known"),
    ],
)
def test_few_events_are_low_traffic(events: float | None, counts: bool, ratio: float | None, low: bool) -> None:
    """Only what is known is judged."""
    assert is_low_traffic(events, counts=counts, ratio=ratio, floor=10) is low


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        pytest.param(None, None, id="nothing is seeded"),
        pytest.param((NOW - 35 * DAY, NOW), Seeded(share=1.0, start=NOW - 30 * DAY, end=NOW), id="all of it"),
        pytest.param(
            (NOW - 35 * DAY, NOW - 15 * DAY),
            Seeded(share=0.5, start=NOW - 30 * DAY, end=NOW - 15 * DAY),
            id="its older half",
        ),
        pytest.param((NOW - 90 * DAY, NOW - 31 * DAY), None, id="before the period"),
    ],
)
def test_what_is_seeded_is_a_share_of_the_period(span: tuple[float, float] | None, expected: Seeded | None) -> None:
    """Nobody takes it for measured."""
    assert seeded_part(span, 30, NOW) == expected


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0s"), (45.9, "45s"), (3600, "1h"), (12_000, "3h 20m"), (12 * DAY + 4 * 3600 + 59, "12d 4h")],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    """More would be a precision that no projection has."""
    assert spelt(seconds) == text
