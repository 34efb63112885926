"""When a budget is spent: by the formula, and by counting day after day."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from budget.exhaustion import seconds_until_spent
from tests.budget.canned import DAY

PERIOD = 30 * DAY
WHOLE = {"period": PERIOD, "age": PERIOD, "recent": None}


@pytest.mark.parametrize(
    ("left", "burn", "days"),
    [
        pytest.param(1.0, 2.0, 15, id="a whole budget at twice its pace"),
        pytest.param(0.5, 3.0, 6, id="half of it, while the other half leaves: 0.5 × 30 / (3 − 0.5)"),
        pytest.param(0.5, 1.0, None, id="at its own pace it is given back as fast in the end"),
        pytest.param(0.5, 0.0, None, id="nothing fails"),
        pytest.param(0.0, 0.0, 0, id="spent"),
        pytest.param(-0.4, 9.0, 0, id="overspent"),
    ],
)
def test_an_even_past(left: float, burn: float, days: float | None) -> None:
    """What leaves is like the whole."""
    found = seconds_until_spent(left=left, burn=burn, **WHOLE)
    assert found == (None if days is None else pytest.approx(days * DAY))


def test_a_young_incident_is_not_given_back_for_weeks() -> None:
    """Half of the budget went in the last three days: at a burn of 0.9, the rest goes before that leaves."""
    recent = (0.5 * 30 / 3, 3 * DAY)
    assert seconds_until_spent(left=0.5, burn=0.9, **WHOLE | {"recent": recent}) == pytest.approx(0.5 * 30 / 0.9 * DAY)
    assert seconds_until_spent(left=0.5, burn=0.9, **WHOLE) is None


def test_an_old_incident_is_given_back_soon() -> None:
    """None of the spent half is of the last three days: it leaves within 27."""
    days = 0.5 * 30 / (1.2 - 0.5 * 30 / 27)
    assert seconds_until_spent(left=0.5, burn=1.2, **WHOLE | {"recent": (0.0, 3 * DAY)}) == pytest.approx(days * DAY)


def test_a_young_slo_has_its_own_events_only() -> None:
    """An hour after its birth an outage of a 99.9 % promise spends all in seconds, not in half an hour."""
    found = seconds_until_spent(left=0.9, burn=1000, period=PERIOD, age=3600, recent=None)
    assert found == pytest.approx(0.9 * 3600 / 999)


@given(
    spent_old=st.floats(0, 3),
    spent_recent=st.floats(0, 10),
    burn=st.floats(0, 20),
    age_days=st.integers(4, 30),
)
def test_it_agrees_with_counting(spent_old: float, spent_recent: float, burn: float, age_days: int) -> None:
    """A past of days, whose oldest leaves as each new one comes, spent when the sum reaches the budget."""
    days = [spent_old] * (age_days - 3) + [spent_recent] * 3
    left = 1 - sum(days) / len(days)
    assume(left > 0.001)
    found = seconds_until_spent(left=left, burn=burn, period=PERIOD, age=age_days * DAY, recent=(spent_recent, 3 * DAY))
    room = []
    for _ in range(30):
        days = [*days, burn][-30:]
        room.append(len(days) - sum(days))
    assume(all(abs(seconds) > 1e-6 for seconds in room))  # whether 0 is spent, floats do not tell
    counted = next((day for day, seconds in enumerate(room, start=1) if seconds < 0), None)
    assert counted == (None if found is None else math.ceil(found / DAY))
