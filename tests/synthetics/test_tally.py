"""The line that shoppers say once a minute."""

import json
from datetime import UTC, datetime

from synthetics.tally import Tally


def test_the_line_says_what_began_passed_and_failed() -> None:
    """One line of JSON: visits by journey, steps by name, and the first error in words."""
    tally = Tally()
    tally.begun.update(browse=2, buy=1)
    tally.ended["browse", True] += 1
    tally.ended["buy", False] += 1
    tally.left_out += 4
    tally.step("home page", None)
    tally.step("check out", "buy: status 503, expected 201")
    tally.step("check out", "buy: another one")
    line = tally.line(datetime(2026, 11, 23, 12, tzinfo=UTC), under_way=1)
    assert "\n" not in line
    assert json.loads(line) == {
        "at": "2026-11-23T12:00:00+00:00",
        "visits": {
            "browse": {"begun": 2, "passed": 1, "failed": 0},
            "buy": {"begun": 1, "passed": 0, "failed": 1},
        },
        "under_way": 1,
        "left_out": 4,
        "steps_passed": {"home page": 1},
        "steps_failed": {"check out": 2},
        "first_error": "buy: status 503, expected 201",
    }


def test_a_visit_that_began_before_and_ended_now_is_in_the_line() -> None:
    """With none that began."""
    tally = Tally()
    tally.ended["buy", True] += 1
    found = json.loads(tally.line(datetime(2026, 11, 23, tzinfo=UTC), under_way=0))
    assert found["visits"] == {"buy": {"begun": 0, "passed": 1, "failed": 0}}
