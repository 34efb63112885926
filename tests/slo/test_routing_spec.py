"""slo.routing_spec, through the loader: what a routing file may say, and how it is told that it may not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from slo.errors import SpecErrors
from slo.load import load
from slo.routing_model import DeadMansSwitch, Email, Escalation, Hours, Routing, Team
from tests.slo.spec_texts import spec

WHOLE = """
secrets: /run/keys
hours:
  office:
    time_zone: Europe/Berlin
    weekdays: [monday:wednesday, friday]
    times: ['09:00-12:00', '13:00-24:00']
    holidays: [2026-12-25]
teams:
  shop: {description: The shop., slack: '#shop', hours: office}
  platform: {description: Machines.}
email: {to: oncall@a.example, sender: b@a.example, smarthost: 'mail.a.example:587', username: c}
escalation: {team: platform, after: 30m}
dead_mans_switch: {url: 'https://switch.a.example/x', every: 10m}
"""


def _load(text: str, folder: Path) -> Routing | None:
    (folder / "orders.yaml").write_text(spec(), encoding="utf-8")
    path = folder / "routing" / "routing.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return load([str(folder / "orders.yaml")], str(path)).routing


def _told(text: str, folder: Path) -> list[str]:
    with pytest.raises(SpecErrors) as caught:
        _load(text, folder)
    return [str(fault).removeprefix(f"{folder}/routing/routing.yaml:") for fault in caught.value.faults]


def test_a_whole_file_is_read(tmp_path):
    """Teams and hours by their names, times in seconds."""
    assert _load(WHOLE, tmp_path) == Routing(
        teams=(
            Team(name="platform", description="Machines."),
            Team(name="shop", description="The shop.", hours="office", slack="#shop"),
        ),
        hours=(
            Hours(
                name="office",
                time_zone="Europe/Berlin",
                weekdays=("monday:wednesday", "friday"),
                times=(("09:00", "12:00"), ("13:00", "24:00")),
                holidays=(date(2026, 12, 25),),
            ),
        ),
        email=Email(to="oncall@a.example", sender="b@a.example", smarthost="mail.a.example:587", username="c"),
        escalation=Escalation(team="platform", after_seconds=1800),
        dead_mans_switch=DeadMansSwitch(url="https://switch.a.example/x", every_seconds=600),
        secrets="/run/keys",
    )


def test_teams_alone_are_enough(tmp_path):
    """As a routing file began."""
    found = _load("teams:\n  shop: {description: The shop.}\n", tmp_path)
    assert found == Routing(teams=(Team(name="shop", description="The shop."),))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("Europe/Berlin", "Europe/Berlinn", "hours.office.time_zone: 'Europe/Berlinn' is not a time zone"),
        ("'13:00-24:00'", "'11:00-24:00'", "hours.office: the times 09:00-12:00 and 11:00-24:00 overlap"),
        ("friday]", "wednesday]", "hours.office: the weekdays monday:wednesday and wednesday overlap in wednesday"),
        ("monday:wednesday", "friday:monday", "'friday:monday' runs over the end of a week"),
        ("monday:wednesday", "mon", "'mon' is not a weekday or a range of them"),
        ("'13:00-24:00'", "'13:00-12:30'", "'13:00-12:30' is not a span of a day"),
        ("2026-12-25", "2026-13-25", "'2026-13-25' is not a day"),
        ("hours: office", "hours: nights", "nights"),
        ("slack: '#shop', ", "", "teams.shop: hours: expected a slack channel beside it"),
        ("'#shop'", "shop", "teams.shop.slack: 'shop' is not a channel"),
        ("shop: {", "unrouted: {", "unrouted is no name for a team"),
        ("team: platform", "team: nobody", "nobody"),
        ("after: 30m", "after: 0", "escalation.after: 0 is no time"),
        ("every: 10m", "every: 0", "dead_mans_switch.every: 0 is no time"),
        ("https://switch", "http://switch", "is not an address"),
        ("to: oncall@a.example", "to: oncall", "email.to: 'oncall' is not a mail address"),
        ("'mail.a.example:587'", "mail.a.example", "email.smarthost: 'mail.a.example' is not host:port"),
        ("/run/keys", "keys", "secrets: 'keys' is not a folder where Alertmanager runs"),
        ("escalation:", "escalations:", "did you mean 'escalation'"),
    ],
    ids=[
        "an unknown time zone",
        "overlapping times",
        "overlapping weekdays",
        "a range over the end of a week",
        "a weekday cut short",
        "a span that ends before it starts",
        "no day",
        "hours that are not there",
        "hours without a channel",
        "no channel",
        "a team named like other secrets",
        "an escalation to nobody",
        "an escalation at once",
        "a sign of life every 0 s",
        "a sign of life in clear text",
        "no mail address",
        "no server",
        "a folder that depends on where one stands",
        "a key that is not there",
    ],
)
def test_what_it_may_not_say(old, new, told, tmp_path):
    """One clear error each, with its place."""
    assert old in WHOLE
    (fault,) = _told(WHOLE.replace(old, new), tmp_path)
    assert told in fault
    assert fault.split(":")[0].isdigit()


def test_hours_may_not_be_called_like_the_holidays_of_others(tmp_path):
    """Two intervals of one name."""
    more = WHOLE.replace(
        "teams:\n", "  office-holidays: {time_zone: UTC, weekdays: [monday], times: ['09:00-10:00']}\nteams:\n"
    )
    (fault,) = _told(more, tmp_path)
    assert "office-holidays is no name for hours" in fault


def test_every_fault_is_told_at_once(tmp_path):
    """As in specs."""
    bad = WHOLE.replace("Europe/Berlin", "Mars").replace("after: 30m", "after: soon").replace("to: oncall@", "to: ")
    assert len(_told(bad, tmp_path)) == 3
