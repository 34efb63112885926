"""slo.routing_changes, through slo.changes: what a change of the routing file does to people."""

from __future__ import annotations

from pathlib import Path

import pytest

from slo.changes import compare
from slo.load import load
from tests.slo.spec_texts import spec

ROUTING = """
hours:
  office: {time_zone: UTC, weekdays: [monday:friday], times: ['09:00-17:00'], holidays: [2026-12-25]}
teams:
  shop: {description: The shop., slack: '#shop', hours: office}
  platform: {description: Machines.}
email: {to: oncall@a.example, sender: b@a.example, smarthost: 'mail.a.example:587', username: c}
escalation: {team: platform, after: 30m}
dead_mans_switch: {url: 'https://switch.a.example/x', every: 10m}
"""
OFFICE = "monday:friday 09:00-17:00 in UTC, but on 1 holiday"


def _compared(folder: Path, old: str, new: str, *, specs: tuple[str, str] = ("", "")) -> dict[str, tuple[str, ...]]:
    found = []
    for name, routing, head in zip(("old", "new"), (old, new), specs, strict=True):
        place = folder / name
        place.mkdir()
        (place / "orders.yaml").write_text(spec(head=f"team: shop\n{head}"), encoding="utf-8")
        (place / "routing").write_text(routing, encoding="utf-8")
        found.append(load([str(place / "orders.yaml")], str(place / "routing")))
    return {change.slo: change.effects for change in compare(*found)}


@pytest.mark.parametrize(
    ("old", "new", "who", "effect"),
    [
        ("'#shop'", "'#shops'", "team shop", "its tickets go to #shops instead of #shop"),
        (
            ", slack: '#shop', hours: office",
            "",
            "team shop",
            "its tickets go to PagerDuty instead of #shop",
        ),
        (", hours: office", "", "team shop", f"its tickets are told at any hour, and were {OFFICE}"),
        (
            "'09:00-17:00'",
            "'10:00-17:00'",
            "team shop",
            f"its tickets are told {OFFICE.replace('09', '10')}, and were {OFFICE}",
        ),
        (
            "after: 30m",
            "after: 1h",
            "routing",
            "a page that goes on is told to platform after 1h; it was to platform after 30m",
        ),
        (
            "escalation: {team: platform, after: 30m}\n",
            "",
            "routing",
            "a page that goes on is told to nobody else; it was to platform after 30m",
        ),
        (
            "to: oncall@",
            "to: all@",
            "routing",
            "what nobody owns is mailed to all@a.example; it was to oncall@a.example",
        ),
        (
            "every: 10m",
            "every: 5m",
            "routing",
            "the sign of life goes to https://switch.a.example/x every 5m; "
            "it was to https://switch.a.example/x every 10m",
        ),
        (
            "\nhours:",
            "\nsecrets: /run/keys\nhours:",
            "routing",
            "Alertmanager looks for its keys in /run/keys instead of /etc/alertmanager/secrets",
        ),
    ],
    ids=[
        "another channel",
        "no channel any more",
        "no hours any more",
        "other hours",
        "a later escalation",
        "no escalation any more",
        "another reader of mail",
        "a quicker sign of life",
        "another folder of keys",
    ],
)
def test_who_is_told_otherwise(old, new, who, effect, tmp_path):
    """In one sentence."""
    assert old in ROUTING
    found = _compared(tmp_path, ROUTING, ROUTING.replace(old, new))
    assert effect in found.pop(who)
    assert found == {}


def test_what_stays_is_not_told(tmp_path):
    """Other words about a team are for people alone."""
    assert _compared(tmp_path, ROUTING, ROUTING.replace("The shop.", "All of the shop.")) == {}


def test_dependencies_that_come_and_go(tmp_path):
    """Whoever is on call knows then why a page does not come."""
    heads = ("depends_on: [till, stock]\n", "depends_on: [stock, users]\n")
    assert _compared(tmp_path, ROUTING, ROUTING, specs=heads)["service orders"] == (
        "its pages may be held back while users is down",
        "its pages are told also while till is down",
    )
