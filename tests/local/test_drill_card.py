"""local/drill_card.py: the scorecard on a terminal and as JSON, as those who read it back understand it."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from budget import postmortem_scorecard
from local import drill_card
from local.drill_card import Outcome, Told

STARTED, ENDED = 1_900_000_000.0, 1_900_000_321.0


def outcome(*pages: Told, **more: Any) -> Outcome:
    """A drill of which all is known."""
    given = {"name": "inventory-down", "title": "Inventory hangs", "started": STARTED, "ended": ENDED, "orders": 12}
    return Outcome(**{**given, "lost": 0, "oversold": 0, "double_charged": 0, "pages": pages, **more})


def told(after: float | None = 90.0, **more: Any) -> Told:
    """A page that was expected after 75 s."""
    return Told(**{"alert": "ServiceDown", "expected_seconds": 75.0, "after_seconds": after, **more})


def shown(*outcomes: Outcome) -> list[list[str]]:
    """The table's rows, each as its words in columns."""
    text = StringIO()
    Console(file=text, width=200).print(drill_card.table(outcomes))
    return [line.split() for line in text.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("after", "in_time"),
    [
        pytest.param(0.0, True, id="at once"),
        pytest.param(75.0 + 45, True, id="as late as may be"),
        pytest.param(75.0 + 45.1, False, id="later"),
        pytest.param(None, False, id="never"),
    ],
)
def test_a_page_is_in_time_until_45_seconds_after_it_was_expected(after: float | None, in_time: bool) -> None:
    """The 45 s are in it."""
    assert told(after).in_time is in_time


def test_what_is_written_is_what_is_read_back(tmp_path: Path) -> None:
    """Pages, times, counts and what is wrong, by the reader of postmortem and verdict."""
    file = tmp_path / "card.json"
    first = outcome(
        told(90.04, reset_seconds=40.0), told(None, alert="Other"), unexpected=("Odd",), wrong=("Odd came",)
    )
    drill_card.write_json([first, outcome(told(), name="b")], file)
    read = postmortem_scorecard.read(file)
    one, two = read.drills
    assert (read.started, read.ended) == (STARTED, ENDED)
    assert [(page.alert, page.expected_seconds, page.after_seconds) for page in one.pages] == [
        ("ServiceDown", 75.0, 90.0),
        ("Other", 75.0, None),
    ]
    assert (one.name, one.unexpected, one.wrong, one.passed) == ("inventory-down", ("Odd",), ("Odd came",), False)
    assert (two.name, two.lost, two.oversold, two.double_charged, two.passed) == ("b", 0, 0, 0, True)


def test_a_drill_that_could_not_be_carried_out_is_read_back_as_such(tmp_path: Path) -> None:
    """Nothing was counted, and nobody says that it was 0."""
    file = tmp_path / "card.json"
    drill_card.write_json([Outcome(name="a", title="A", wrong=("its platform did not start",))], file)
    (found,) = postmortem_scorecard.read(file).drills
    assert (found.lost, found.oversold, found.double_charged, found.started) == (None, None, None, None)
    assert (found.passed, found.wrong) == (False, ("its platform did not start",))


def test_the_document_has_what_was_promised() -> None:
    """The issue's keys, seconds with a decimal, moments in UTC."""
    (row,) = drill_card.as_data([outcome(told(90.04, reset_seconds=33.33))])["drills"]
    assert row == {
        "drill": "inventory-down",
        "title": "Inventory hangs",
        "passed": True,
        "started": "2030-03-17T17:46:40+00:00",
        "ended": "2030-03-17T17:52:01+00:00",
        "pages": [{"alert": "ServiceDown", "expected_s": 75.0, "after_s": 90.0, "reset_s": 33.3}],
        "unexpected_pages": [],
        "allowed_pages": [],
        "not_expected": [],
        "orders": 12,
        "lost": 0,
        "oversold": 0,
        "double_charged": 0,
        "wrong": [],
    }


def test_a_card_is_written_whole(tmp_path: Path) -> None:
    """In place of the one before, and nothing is left beside it."""
    file = tmp_path / "new" / "card.json"
    for name in ("a", "b"):
        drill_card.write_json([outcome(told(), name=name)], file)
    assert [each["drill"] for each in json.loads(file.read_text())["drills"]] == ["b"]
    assert list(file.parent.iterdir()) == [file]


def test_a_row_is_a_page() -> None:
    """What is the drill's stands in its first one."""
    head, first, second = shown(outcome(told(reset_seconds=40.4), told(None, alert="Other"), lost=1, wrong=("lost",)))
    assert head == "drill page expected after reset lost oversold double result".split()
    assert first == "inventory-down ServiceDown 75 s 90 s 40 s 1 0 0 lost".split()
    assert second == "Other 75 s - -".split()


def test_what_is_not_known_is_no_nought() -> None:
    """A drill that did not begin."""
    _, row = shown(Outcome(name="a", title="A", wrong=("interrupted",)))
    assert row[-6:] == "- - ? ? ? interrupted".split()


def test_a_page_for_busier_hours_is_not_taken_for_one_that_came() -> None:
    """The row says what was shown instead; what failed says only that."""
    _, row = shown(outcome(not_expected=("TrafficGone",)))
    assert " ".join(row).endswith("passed: TrafficGone is for busier hours, and nobody was told")
    _, row = shown(outcome(not_expected=("TrafficGone",), allowed=("TrafficGone",)))
    assert " ".join(row).endswith("passed: TrafficGone is for busier hours, and TrafficGone may come")
    _, row = shown(outcome(not_expected=("TrafficGone",), wrong=("Odd came",)))
    assert " ".join(row).endswith(" 0 0 0 Odd came")
    (data,) = drill_card.as_data([outcome(not_expected=("TrafficGone",))])["drills"]
    assert (data["pages"], data["not_expected"]) == ([], ["TrafficGone"])


def test_text_in_a_result_stays_text() -> None:
    """Whatever a service has said."""
    _, row = shown(outcome(told(), wrong=("[bold]no[/] [link=x]",)))
    assert "[bold]no[/] [link=x]" in " ".join(row)
