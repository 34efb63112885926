"""budget/alert_route.py: how long Alertmanager waits, on the routes that Alertmanager itself takes."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from budget import alert_route
from budget.drill_forecast import PEOPLE
from tests.budget.drill_history import ROOT, rules
from tools import install

CONFIGURATION = ROOT / "generated" / "alertmanager" / "alertmanager.yaml"


def config(*routes: dict[str, Any], **root: Any) -> dict[str, Any]:
    """A configuration of *routes* below a root that tells `nobody`."""
    return {"route": {"receiver": "nobody", **root, "routes": list(routes)}}


def wait(given: dict[str, Any], receiver: str = "^page$", **labels: str) -> float | None:
    """Seconds until whoever *receiver* is hears of it."""
    return alert_route.wait_seconds(given, labels, receiver=receiver)


def test_a_route_has_its_own_wait_and_another_its() -> None:
    """By the labels of the alert."""
    made = config(
        {"matchers": ['severity="page"'], "receiver": "page", "group_wait": "15s"},
        {"matchers": ['severity="ticket"'], "receiver": "page", "group_wait": "5m"},
    )
    assert wait(made, severity="page") == 15
    assert wait(made, severity="ticket") == 300
    assert wait(made, severity="info") is None


def test_what_a_route_does_not_say_it_has_from_above() -> None:
    """Its wait and its receiver; where nobody says so, Alertmanager waits 30 s."""
    below = {"matchers": ['severity="page"'], "routes": [{"matchers": ['team="orders"']}]}
    assert wait(config(below, receiver="page"), severity="page", team="orders") == 30
    assert wait(config(below, receiver="page", group_wait="1m"), severity="page", team="orders") == 60
    assert wait(config({**below, "receiver": "page", "group_wait": "7s"}), severity="page", team="orders") == 7


def test_the_deepest_route_that_takes_it_counts() -> None:
    """The one above it is for what none below it takes."""
    made = config(
        {
            "matchers": ['severity="page"'],
            "receiver": "page",
            "group_wait": "90s",
            "routes": [{"matchers": ['cause="yes"'], "group_wait": "15s"}],
        }
    )
    assert wait(made, severity="page", cause="yes") == 15
    assert wait(made, severity="page") == 90


@pytest.mark.parametrize(("goes_on", "expected"), [(True, 20.0), (False, None)])
def test_the_first_that_takes_it_is_the_last_unless_it_goes_on(goes_on: bool, expected: float | None) -> None:
    """As `continue` says."""
    made = config(
        {"matchers": ['severity="page"'], "receiver": "escalation", "continue": goes_on},
        {"matchers": ['severity="page"'], "receiver": "page", "group_wait": "20s"},
    )
    assert wait(made, severity="page") == expected


def test_of_two_ways_to_somebody_the_shorter_counts() -> None:
    """Whoever is told twice knows it with the first."""
    made = config(
        {"matchers": ['severity="page"'], "receiver": "page", "group_wait": "2m", "continue": True},
        {"matchers": ['severity="page"'], "receiver": "page", "group_wait": "10s"},
    )
    assert wait(made, severity="page") == 10


def test_a_route_that_goes_on_and_is_the_last_keeps_the_one_above_out_of_it() -> None:
    """What a route below has taken, the one above does not take as well."""
    made = config({"matchers": ['severity="page"'], "receiver": "page", "group_wait": "9s", "continue": True})
    assert wait(made, severity="page") == 9
    assert wait(made, receiver="nobody", severity="page") is None


def test_what_no_route_takes_is_the_roots() -> None:
    """With the root's wait."""
    made = config({"matchers": ['severity="page"'], "receiver": "page"}, receiver="unrouted", group_wait="45s")
    assert wait(made, receiver=PEOPLE, severity="?") == 45


@pytest.mark.parametrize(
    ("matcher", "taken"),
    [
        pytest.param('team="orders"', True, id="equal"),
        pytest.param("team=orders", True, id="without quotes"),
        pytest.param(' team = "orders" ', True, id="with spaces"),
        pytest.param('team!="orders"', False, id="not equal"),
        pytest.param('team=~"ord.+|users"', True, id="a pattern"),
        pytest.param('team=~"ord"', False, id="a pattern is for the whole value"),
        pytest.param('team!~"ord"', True, id="not a pattern for the whole value"),
        pytest.param('other=""', True, id="a label that it has not is empty"),
        pytest.param('other!=""', False, id="a label that it must have"),
        pytest.param(r'team="or\"ders"', False, id="a quote in the value"),
    ],
)
def test_a_matcher_takes_what_alertmanager_takes(matcher: str, taken: bool) -> None:
    """By its four operators."""
    made = config({"matchers": [matcher], "receiver": "page"})
    assert (wait(made, team="orders") is not None) is taken


def test_a_matcher_that_is_none_is_told() -> None:
    """Rather than taken for one that fits nothing."""
    with pytest.raises(ValueError, match="'team' is no matcher"):
        wait(config({"matchers": ["team"], "receiver": "page"}))


def _asked(route: Mapping[str, Any]) -> Iterator[str]:
    """The labels that *route* and those below it ask for."""
    yield from (re.split("[!=~]", matcher)[0] for matcher in route.get("matchers", ()))
    for each in route.get("routes", ()):
        yield from _asked(each)


def _ours() -> list[dict[str, str]]:
    """The labels of the alerts that the rules make, as far as a route asks for them: each such set once."""
    asked = set(_asked(rules().routes["route"])) - {"alertname"}
    alerts = [rule for group in rules().groups for rule in group["rules"] if "alert" in rule]
    found = {}
    for each in alerts:
        labels = {name: str(value) for name, value in each["labels"].items() if name in asked}
        found[tuple(sorted(labels.items()))] = {"alertname": each["alert"], **labels}
    return list(found.values())


def test_each_of_our_alerts_goes_the_way_that_amtool_shows() -> None:
    """One of every kind that a route tells apart: the same receivers, in the same order."""
    amtool = install.find("amtool")
    assert amtool is not None, "amtool is missing: run make setup"
    of_pages = [each for each in _ours() if "page" in each.values()]
    # Tickets have a route for each team, whatever else they say.
    asked = [*of_pages, *{each.get("team"): each for each in _ours() if "page" not in each.values()}.values()]
    assert len(asked) > 20
    for labels in asked:
        pairs = [f"{name}={value}" for name, value in labels.items()]
        command = [amtool, "config", "routes", "test", f"--config.file={CONFIGURATION}", *pairs]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        ways = alert_route._ways(rules().routes["route"], labels, alert_route.DEFAULT_WAIT_SECONDS)
        assert [name for name, _ in ways] == done.stdout.strip().split(","), labels


def test_whoever_is_paged_by_ours_is_told_within_two_minutes() -> None:
    """A cause after 15 s, what a dependency can hold back after 90 s; and each page reaches somebody."""
    pages = [each for each in _ours() if each.get("severity") == "page"]
    assert len(pages) > 5
    assert {wait(dict(rules().routes), PEOPLE, **each) for each in pages} == {15.0, 90.0}
