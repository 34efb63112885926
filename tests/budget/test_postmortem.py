"""The postmortem: faults, deploys and alerts in one order, each alert through its life, and what is no scorecard."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from budget import postmortem_page, postmortem_scorecard
from budget.postmortem import Postmortem, Spell, deploys
from budget.postmortem_scorecard import Drill, Page, Scorecard, Unreadable
from tests.budget.curves import END, SCRIPT, span

START = END - 1800


def spell(name: str, start: float, end: float, service: str = "shop") -> Spell:
    """Something that was there, in seconds since START."""
    return Spell(service=service, name=name, start=START + start, end=START + end)


def alert(state: str, start: float, end: float, **changes: Any):
    """The page of the SLO, in seconds since START."""
    return span(START + start, START + end, state=state, **changes)


def found(**changes: Any) -> Postmortem:
    """A postmortem of half an hour."""
    given: dict[str, Any] = {"start": START, "end": END, "server": "http://prometheus.example", "step_seconds": 15.0}
    return Postmortem(**given | changes)


def lines(made: Postmortem) -> list[tuple[float, str]]:
    """The timeline, in seconds since START."""
    return [(entry.at - START, entry.says) for entry in made.timeline]


def test_the_timeline_puts_everything_in_its_order() -> None:
    """A deploy, a fault, the alert that follows, and its end."""
    made = found(
        releases=(spell("1 aaa", 0, 300), spell("2 bbb", 285, 1800)),
        faults=(spell("errors", 600, 900),),
        alerts=(alert("pending", 660, 720), alert("firing", 720, 1200)),
    )
    assert lines(made) == [
        (285, "shop: 1 aaa → 2 bbb"),
        (600, "shop: fault errors is injected"),
        (660, "page ShopUp of shop up: pending"),
        (720, "page ShopUp of shop up: firing"),
        (900, "shop: fault errors is over"),
        (1200, "page ShopUp of shop up: resolved"),
    ]


def test_what_was_there_before_and_what_goes_on_has_no_begin_or_end() -> None:
    """Nobody saw it begin, or end."""
    made = found(faults=(spell("errors", 0, 1815),), alerts=(alert("firing", 0, 1815),))
    assert lines(made) == [(0, "shop: fault errors is on already"), (0, "page ShopUp of shop up: already firing")]


def test_a_release_that_was_there_at_first_is_no_deploy() -> None:
    """Nor is a restart of the same; going back is one."""
    releases = [spell("1", 0, 300), spell("1", 400, 500), spell("2", 500, 600), spell("1", 600, 900)]
    releases.append(spell("9", 700, 900, service="other"))
    assert [(entry.at - START, entry.says) for entry in deploys(releases)] == [
        (500, "shop: 1 → 2"),
        (600, "shop: 2 → 1"),
    ]


def test_what_mutes_the_pages_of_a_service_is_one_line_and_tells_nobody() -> None:
    """Each SLO has such an alert; they read alike, and nobody is told of them."""
    muted = [
        alert(
            "firing", 60, 120, name="DependencyDown", severity="info", labels={"service": "shop", "slo": each}, key=()
        )
        for each in ("up", "fast")
    ]
    made = found(alerts=(*muted, alert("firing", 60, 120)))
    assert lines(made) == [
        (60, "info DependencyDown of shop: firing"),
        (60, "page ShopUp of shop up: firing"),
        (120, "info DependencyDown of shop: resolved"),
        (120, "page ShopUp of shop up: resolved"),
    ]
    assert [each.name for each in made.told] == ["ShopUp"]


def test_each_alert_is_told_through_its_life() -> None:
    """Twice fired is twice told; pending for nothing is told as that; another severity is another alert."""
    ticket = {"severity": "ticket", "labels": {"alertname": "ShopUp", "severity": "ticket"}}
    made = found(
        alerts=(
            alert("pending", 60, 120),
            alert("firing", 120, 300),
            alert("firing", 900, 1815),
            alert("pending", 400, 460),
            alert("firing", 600, 700, **ticket),
        )
    )
    times = [
        (each.severity, *(None if at is None else at - START for at in (each.pending, each.fired, each.resolved)))
        for each in made.told
    ]
    assert times == [
        ("page", 60, 120, 300),
        ("page", 400, None, None),
        ("ticket", None, 600, 700),
        ("page", None, 900, None),
    ]


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"faults": (spell("errors", 100, 200),), "alerts": (alert("firing", 190, 300),)}, 90),
        ({"alerts": (alert("pending", 60, 90), alert("firing", 90, 300))}, 30),
        ({"faults": (spell("errors", 100, 200),), "alerts": (alert("firing", 190, 300, severity="ticket"),)}, None),
        ({}, None),
    ],
    ids=["since the fault", "since the first sign", "a ticket is no page", "nothing happened"],
)
def test_how_long_the_page_took(changes: dict[str, Any], seconds: float | None) -> None:
    """From the fault where there is one."""
    assert found(**changes).seconds_to_page == seconds


def test_the_page_asks_for_what_people_alone_know() -> None:
    """Each heading with its question, in the order in which a reader asks."""
    text = postmortem_page.markdown(found())
    headings = re.findall(r"^## (.+)\n\n_(.+\?.*)_$", text, re.MULTILINE)
    assert [heading for heading, _ in headings] == [
        "Impact",
        "Timeline",
        "Detection",
        "Causes",
        "What was done",
        "What follows",
    ]
    assert "no alert, deploy or fault is known of this range" in text
    assert "No page fired." in text
    assert text.endswith("|\n")


def test_names_stay_text() -> None:
    """No tag, and no cell that ends too early."""
    name = f"{SCRIPT}|x"
    card = Scorecard(drills=(Drill(name=name, pages=(Page(alert=name, expected_seconds=1, after_seconds=None),),
        unexpected=(name,), lost=None, oversold=0, double_charged=0),), started=None, ended=None)  # fmt: skip
    made = found(
        faults=(spell(name, 60, 90, service=name),),
        alerts=(alert("firing", 60, 90, name=name, severity=name),),
        runbooks={name: "https://runbooks.example/x"},
        scorecard=card,
        notes=(name,),
    )
    text = postmortem_page.markdown(made, [name])
    assert "<script" not in text
    assert "not counted" in text
    assert "| never | no |" in text
    assert "did not come; " in text
    for rows in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows.splitlines()}) == 1, rows


DRILL = {"drill": "x", "pages": [{"alert": "A", "expected_s": 1, "after_s": None}], "unexpected_pages": ["B"]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("no json", "is not JSON"),
        ([], "the document: is no object"),
        ({}, "drills: is no list"),
        ({"drills": []}, "drills: is empty"),
        ({"drills": [1]}, "drills[0]: is no object"),
        ({"drills": [DRILL | {"drill": ""}]}, "drills[0].drill: is no name"),
        ({"drills": [DRILL | {"pages": None}]}, "drills[0].pages: is no list"),
        ({"drills": [DRILL | {"pages": [{"alert": "A"}]}]}, "drills[0].pages[0].expected_s: is no number"),
        ({"drills": [DRILL | {"lost": "none"}]}, "drills[0].lost: is no number"),
        ({"drills": [DRILL | {"started": "noon"}]}, "drills[0].started: 'noon' is no time"),
    ],
)
def test_what_is_no_scorecard_is_told_by_its_place(document: Any, said: str, tmp_path: Path) -> None:
    """And what was expected."""
    file = tmp_path / "card.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    with pytest.raises(Unreadable, match=re.escape(said)):
        postmortem_scorecard.read(file)


def test_a_missing_scorecard_is_told(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(Unreadable, match=r"card\.json: No such file"):
        postmortem_scorecard.read(tmp_path / "card.json")


def test_a_scorecard_is_read_with_the_times_of_its_drills(tmp_path: Path) -> None:
    """From the first begin to the last end; Unix seconds and RFC 3339 alike. More keys are no fault."""
    first = DRILL | {"started": 1000, "ended": "1970-01-01T00:20:00Z", "more": 1}
    second = DRILL | {"started": 900.5, "ended": 1100, "unexpected_pages": [{"alert": "C"}]}
    file = tmp_path / "card.json"
    file.write_text(json.dumps({"drills": [first, second]}))
    card = postmortem_scorecard.read(file)
    assert (card.started, card.ended) == (900.5, 1200)
    assert [each.unexpected for each in card.drills] == [("B",), ("C",)]
    assert card.drills[0].pages == (Page(alert="A", expected_seconds=1, after_seconds=None),)
