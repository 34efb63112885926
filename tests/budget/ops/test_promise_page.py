"""One promise by itself goes by what is promised now, however many people look at however many of them."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from budget.answers import Series
from budget.ops.kept import Seen
from budget.ops.promise_page import FRESH_SECONDS, PromisePages
from slo import conventions
from tests.budget.canned import UP, only, readings
from tests.budget.ops.fakes import FakeServer, client, desk, figures, together
from tests.budget.ops.test_courses import BAD, END, TOTAL

BINS = 300
OBJECTIVE = f"{conventions.OBJECTIVE}{{"


def past(labels: Any = UP) -> dict[str, tuple[Series, ...]]:
    """A day of a thousand events in five minutes, of which ten failed in each of three, an hour ago."""
    total = tuple((END - BINS * ago, 1000.0) for ago in range(288, -1, -1))
    bad = tuple((at, 10.0 if 3600 <= END - at < 3600 + 3 * BINS else 0.0) for at, _ in total)
    return {BAD: (Series(labels=labels, points=bad),), TOTAL: (Series(labels=labels, points=total),)}


def test_its_past_goes_by_the_objective_of_now() -> None:
    """One that was not known yet, or has changed since, is read as soon as it is; else once a minute."""
    server, moment = FakeServer(figures(), past()), [END]
    objective = server.instants.pop(OBJECTIVE)
    browser = client(desk(server, clock=lambda: moment[0]))

    def shown(later: float = 4) -> tuple[str, bool]:
        """Its incidents, and whether they were asked for; the lines of all promises are asked for in other words."""
        moment[0] += later
        server.asked.clear()
        text = browser.get("/ops/promises/shop-up").text.split("Incidents that spent it")[1]
        asked = any(BAD in query and '!=""' not in query for query in server.asked)
        return text.split("What the gate says")[0], asked

    assert "Not known." in shown()[0]
    server.instants[OBJECTIVE] = objective
    text, asked = shown()
    assert ("10.4%" in text, asked) == (True, True), text
    assert not shown()[1]
    server.instants[OBJECTIVE] = tuple(replace(each, value=0.9995) for each in objective)
    assert "20.8%" in shown()[0]
    assert not shown()[1]
    assert shown(FRESH_SECONDS)[1]


def test_a_copy_that_comes_later_has_its_past_too() -> None:
    """As those that were there when the page was opened first."""
    eu, us = {**UP, "cluster": "eu"}, {**UP, "cluster": "us"}
    server, moment = FakeServer(figures(eu), past(eu)), [END]
    browser = client(desk(server, clock=lambda: moment[0]))
    assert "Not known.</p>\n<h3>What" not in browser.get("/ops/promises/shop-up").text
    server.instants = together(figures(eu), figures(us))
    server.ranges = {name: (*past(eu)[name], *past(us)[name]) for name in (BAD, TOTAL)}
    moment[0] += 4
    text = browser.get("/ops/promises/shop-up").text
    assert text.count("Incidents that spent it") == 2
    assert "Not known.</p>\n<h3>What" not in text


class Slow(dict[str, Any]):
    """Lets others in before it says what it holds."""

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name, default)
        time.sleep(0.001)
        return found

    def __delitem__(self, name: str) -> None:
        time.sleep(0.001)
        super().__delitem__(name)


def test_many_promises_are_read_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more are looked at than are kept, none is taken from under whoever looks."""
    monkeypatch.setattr("budget.ops.promise_page.MOST_KEPT", 1)
    rows = tuple(replace(only(readings()), id=f"slo-{number}", objective=None) for number in range(8))
    view: Any = SimpleNamespace(promises=Seen(value=rows), happenings=Seen(), gate=Seen())
    pages = PromisePages(desk())
    monkeypatch.setattr(pages, "_kept", Slow())
    monkeypatch.setattr(pages, "_rows", Slow())
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda number: pages.read(f"slo-{number % 8}", view), range(80)))
    assert [each.id for each in found if each] == [f"slo-{number % 8}" for number in range(80)]
