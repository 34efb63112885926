"""The fire alarm says whether a page is expected of it."""

from typing import Any

import pytest

from budget.answers import Rule, RuleGroup
from tests.budget.canned import group, sample
from tests.budget.ops.fakes import FakeServer, client, desk, figures, press, signed_in, unreachable

SCRAPED = {"tillwatch_drill_alarm": (sample({"job": "ops"}, 0.0),)}
EXPECTED = "sounds for five minutes: FireAlarmCheck is expected."


def rules(*names: str) -> RuleGroup:
    """With alerts of these names."""
    found = (Rule(name=name, kind="alerting", query="1", labels={}, health="ok", error="") for name in names)
    return group(rules=tuple(found))


@pytest.mark.parametrize(
    ("instants", "names", "says", "tone"),
    [
        pytest.param(SCRAPED, ["Other", "FireAlarmCheck"], EXPECTED, "good", id="a page is expected"),
        pytest.param(SCRAPED, ["Other"], "nobody is paged by it: Prometheus has no rule Fire", "bad", id="no rule"),
        pytest.param({}, ["FireAlarmCheck"], "Prometheus does not scrape this page", "bad", id="no scrape"),
    ],
)
def test_it_says_whether_somebody_is_paged(instants: Any, names: list[str], says: str, tone: str) -> None:
    """By the rule, and by its own figure in Prometheus; it sounds all the same."""
    given = desk(FakeServer({**figures(), **instants}, groups=(rules(*names),)))
    browser = signed_in(client(given))
    press(browser, "/ops/alarm/sound")
    (notice,) = [line for line in browser.get("/ops").text.splitlines() if "sounds for five minutes" in line]
    assert says in notice
    assert f'class="notice {tone}"' in notice
    assert given.alarm.seconds_left > 0


def test_where_prometheus_is_away_it_is_not_known() -> None:
    """Whether somebody is paged."""
    server = FakeServer()
    server.fault = unreachable()
    browser = signed_in(client(desk(server)))
    press(browser, "/ops/alarm/sound")
    text = browser.get("/ops").text
    assert "whether FireAlarmCheck comes is not known: http://prometheus.example:9090 does not answer" in text
    assert EXPECTED not in text
