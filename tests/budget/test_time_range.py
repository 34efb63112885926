"""Times and ranges as people write them on a command line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from budget import time_range

NOW = 1_795_874_400.0  # 2026-11-28T14:00:00Z


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2026-11-28T13:55:00Z", NOW - 300, id="RFC 3339 in UTC"),
        pytest.param("2026-11-28T15:55:00+02:00", NOW - 300, id="RFC 3339 in another zone"),
        pytest.param("2026-11-28T13:55:00.250Z", NOW - 299.75, id="with a fraction"),
        pytest.param("1795874100", NOW - 300, id="Unix seconds"),
        pytest.param("1795874100.5", NOW - 299.5, id="Unix seconds with a fraction"),
        pytest.param("-5m", NOW - 300, id="five minutes ago"),
        pytest.param("-1h30m", NOW - 5400, id="an hour and a half ago"),
        pytest.param("now", NOW, id="now"),
    ],
)
def test_a_time_is_read_in_every_form(text: str, expected: float) -> None:
    """RFC 3339, Unix seconds, relative."""
    assert time_range.moment(text, NOW) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("yesterday", "is no time: expected a time such as", id="a word"),
        pytest.param("-5", "is no time", id="relative without a unit"),
        pytest.param("--5m", "is no time", id="two signs"),
        pytest.param("nan", "is no time", id="no number"),
        pytest.param("-10000000000d", "is before 1970", id="when nobody measured"),
        pytest.param(f"-{'9' * 400}d", "is no time", id="a number that is too long to be one"),
        pytest.param("2026-11-28T13:55:00", "names no zone: end it with Z", id="without a zone"),
    ],
)
def test_what_is_no_time_says_what_is_one(text: str, said: str) -> None:
    """A wrong time names the forms that are read."""
    with pytest.raises(ValueError, match=said):
        time_range.moment(text, NOW)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        pytest.param(NOW, NOW - 60, "--from is not before --to", id="reversed"),
        pytest.param(NOW - 60, NOW - 60, "--from is not before --to", id="empty"),
        pytest.param(NOW - 60, NOW + 60, "--to is in the future", id="future"),
        pytest.param(NOW - 0.5, NOW, "shorter than a second", id="too short"),
        pytest.param(NOW - 200_000, NOW, "give --step 35s", id="too long for the step"),
        pytest.param(0, NOW, "judge it in parts", id="too long for any step"),
    ],
)
def test_a_range_that_cannot_be_judged_says_why(start: float, end: float, said: str) -> None:
    """Each fault has its own sentence."""
    with pytest.raises(ValueError, match=said):
        time_range.grid(start, end, step_seconds=15, now=NOW)


@given(st.floats(1, 80_000), st.sampled_from([1, 5, 15, 60]))
def test_the_steps_cover_the_range_and_hardly_more(seconds: float, step: int) -> None:
    """None is longer than asked, the last ends at the range's end or some milliseconds after it."""
    steps = -(-round(seconds, 3) // step)
    if steps > time_range.MOST_STEPS:
        return
    grid = time_range.grid(NOW - seconds, NOW, step_seconds=step, now=NOW)
    assert grid.steps == steps
    assert grid.step_seconds <= step + 1e-9
    assert -0.001 <= grid.end - NOW <= 0.001 * (steps + 1)
    assert [grid.place(grid.start + k * grid.step_seconds) for k in (0, grid.steps)] == [0, grid.steps]


@pytest.mark.parametrize(("text", "seconds"), [("15s", 15), ("1m", 60), ("20", 20)])
def test_a_step_is_a_duration(text: str, seconds: float) -> None:
    """With a unit or without one."""
    assert time_range.step(text) == seconds


@pytest.mark.parametrize("text", ["0s", "2m", "soon", "-1s", "0.5s", ""])
def test_a_step_that_the_windows_cannot_use_is_refused(text: str) -> None:
    """A window of five minutes needs a few of them."""
    with pytest.raises(ValueError, match="expected 1s to 60s"):
        time_range.step(text)
