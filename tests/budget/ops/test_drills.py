"""Drills begin by a button that says who will be told and when; and end by another."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from budget.drill_spec import Break, Drill, Page, load
from budget.errors import QueryFailed
from budget.ops.drills import Drills, expected
from budget.ops.faults import Active
from budget.ops.fire_alarm import SOUNDS_SECONDS, FireAlarm, exposition
from budget.ops.kept import Seen
from tests.budget.ops.fakes import ROOT, FakeFaults, client, desk, drills, press, signed_in

CATALOG = {"fault": "errors", "share": 1.0, "seconds": 900}


def drill(name: str = "down", *faults: Break, pages: tuple[Page, ...] = ()) -> Drill:
    """One that breaks the catalog."""
    given = faults or (Break(target="catalog", fault="errors", body=CATALOG),)
    told = pages or (Page(alert="CatalogAvailability", service="catalog", slo="availability"),)
    return Drill(
        name=name,
        title=f"The drill {name}",
        says="It breaks.",
        short=False,
        faults=given,
        mend=(),
        effects=(),
        pages=told,
        may=(),
    )


def page_of(found: Any, *, known: bool = True, name: str = "down") -> str:
    """The page of a drill, to somebody who is signed in or is not."""
    browser = client(desk(faults=FakeFaults(), drills=found))
    if known:
        signed_in(browser)
    return str(browser.get(f"/ops/drills/{name}").text)


def test_its_page_says_who_is_told_and_when() -> None:
    """By what was reckoned; the list has it from then on."""
    browser = signed_in(client(desk(faults=FakeFaults(), drills=drills(drill()))))
    assert "after about" not in browser.get("/ops").text
    text = browser.get("/ops/drills/down").text
    assert "<b>CatalogAvailability</b> (page of catalog): after about 1 min 45 s; <a" in text
    assert "for 100 % of what it is about, for 15 min at most" in text
    assert "CatalogAvailability after about 1 min 45 s" in browser.get("/ops").text
    assert browser.get("/ops.json").json["drills"][0]["pages"][0]["expected_seconds"] == 105


def test_it_is_reckoned_once_and_for_whoever_may_break_it_alone() -> None:
    """It costs seconds of a core: nobody else's page can ask for it, and a second look is free."""
    asked: list[str] = []

    def forecast(given: Drill) -> tuple[float | None, ...]:
        asked.append(given.name)
        return (105.0,)

    browser = client(desk(faults=FakeFaults(), drills=drills(drill(), forecast=forecast)))
    assert "sign in, and it is reckoned when it comes" in browser.get("/ops/drills/down").text
    assert asked == []
    signed_in(browser)
    for _ in range(3):
        browser.get("/ops/drills/down")
    assert asked == ["down"]


def test_a_page_that_does_not_come_is_said_so() -> None:
    """And one whose moment cannot be reckoned, with the reason."""
    assert "not within twenty minutes" in page_of(drills(drill(), forecast=lambda _: (None,)))

    def fails(_: Drill) -> tuple[float | None, ...]:
        raise QueryFailed("Prometheus says no")

    text = page_of(drills(drill(), forecast=fails))
    assert "when is not known: Prometheus says no" in text
    assert "Break it now" in text


def test_while_it_is_reckoned_the_page_shows_itself_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than be waited for."""
    monkeypatch.setattr("budget.ops.breaking.FORECAST_PATIENCE_SECONDS", 0.05)

    def slowly(_: Drill) -> tuple[float | None, ...]:
        time.sleep(1)
        return (105.0,)

    text = page_of(drills(drill(), forecast=slowly))
    assert "when it comes is being reckoned" in text
    assert 'http-equiv="refresh" content="5"' in text


def test_every_page_of_a_drill_is_expected_in_its_order() -> None:
    """Two may have one name."""
    pages = tuple(Page(alert="ServiceDown", service=name) for name in ("a", "b"))
    found = expected(drill(pages=pages), Seen(value=(10.0, None), at=1))
    assert [(each.page.service, each.reckoned, each.seconds) for each in found] == [("a", True, 10), ("b", True, None)]
    assert [each.reckoned for each in expected(drill(pages=pages), Seen())] == [False, False]


def test_a_forecast_of_long_ago_says_nothing_of_now() -> None:
    """It goes by the traffic: neither an old one nor one that failed since is shown in the list."""
    now, given = [1000.0], drill()
    kept = Drills([given], lambda _: (105.0,), clock=lambda: now[0])
    kept.forecast(given, patience_seconds=5)
    assert [each.seconds for each in expected(given, kept.known(given))] == [105]
    now[0] += 3600
    assert [each.reckoned for each in expected(given, kept.known(given))] == [False]
    assert [each.seconds for each in expected(given, kept.forecast(given, patience_seconds=5))] == [105]
    failed = Seen(value=(105.0,), at=1000, fault="Prometheus says no", since=1300)
    assert [each.reckoned for each in expected(given, failed)] == [False]


def test_the_button_breaks_and_another_mends() -> None:
    """With the body that the drill has, to the service that it names."""
    faults = FakeFaults(Active(target="catalog", fault="errors", share=1, seconds_left=840))
    browser = signed_in(client(desk(faults=faults, drills=drills(drill()))))
    assert press(browser, "/ops/drills/down/break").status_code == 303
    text = browser.get("/ops").text
    assert "The drill down: it is broken now, and mends itself after 15 min." in text
    assert "catalog: errors (100 %, 14 min left)" in text
    assert press(browser, "/ops/faults/catalog/mend").status_code == 303
    assert faults.done == [("break", "catalog", CATALOG), ("mend", "catalog")]
    assert press(browser, "/ops/faults/nobody/mend").status_code == 404
    assert press(browser, "/ops/drills/nobody/break").status_code == 404


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param((Break(target="inventory", fault="halt", body={}),), id="a process, from outside"),
        pytest.param(
            (Break(target="catalog", fault="errors", body=CATALOG), Break(target="prometheus", fault="kill", body={})),
            id="two at once",
        ),
    ],
)
def test_what_takes_more_than_a_service_can_be_asked_for_has_no_button(faults: tuple[Break, ...]) -> None:
    """Its page says how it is done, and its address does nothing."""
    board, found = FakeFaults(), drills(drill("hard", *faults))
    browser = signed_in(client(desk(faults=board, drills=found)))
    text = browser.get("/ops/drills/hard").text
    assert "python -m local drill hard" in text
    assert "Break it now" not in text
    press(browser, "/ops/drills/hard/break")
    assert board.done == []
    assert "Nothing was done" in browser.get("/ops").text


def test_those_that_have_a_button_are_first() -> None:
    """By name."""
    found = drills(drill("b"), drill("a", Break(target="x", fault="halt", body={})), drill("c"))
    assert [each.name for each in found.all()] == ["b", "c", "a"]


@pytest.mark.parametrize("folder", ["local/drills", "local/breaks"])
def test_what_the_platform_offers_can_be_shown(folder: str) -> None:
    """Each by itself, with a runbook for every alert that it names."""
    found = load(ROOT / folder)
    browser = signed_in(client(desk(faults=FakeFaults(), drills=drills(*found))))
    assert found
    for each in found:
        text = browser.get(f"/ops/drills/{each.name}").text
        assert all(f'href="/ops/runbooks/{page.alert}"' in text for page in each.pages), each.name
    assert all(f"/ops/drills/{each.name}" in browser.get("/ops").text for each in found)


def test_the_fire_alarm_sounds_for_five_minutes() -> None:
    """And ends by itself, or by a button."""
    now = [100.0]
    alarm = FireAlarm(lambda: now[0])
    assert alarm.seconds_left == 0
    alarm.sound()
    assert alarm.seconds_left == SOUNDS_SECONDS == 300
    assert "\ntillwatch_drill_alarm 1\n" in exposition(alarm, refused_sign_ins=0)
    now[0] += 300
    assert "\ntillwatch_drill_alarm 0\n" in exposition(alarm, refused_sign_ins=0)
    alarm.sound()
    alarm.end()
    assert alarm.seconds_left == 0


def test_the_fire_alarm_is_a_figure_of_the_page() -> None:
    """Where Prometheus finds it; the page says that it is a drill."""
    browser: FlaskClient = signed_in(client(desk()))
    assert "tillwatch_drill_alarm 0" in browser.get("/metrics").text
    press(browser, "/ops/alarm/sound")
    assert "tillwatch_drill_alarm 1" in browser.get("/metrics").text
    assert "The fire alarm sounds: FireAlarmCheck is a drill." in browser.get("/ops").text
    press(browser, "/ops/alarm/end")
    assert "tillwatch_drill_alarm 0" in browser.get("/metrics").text
