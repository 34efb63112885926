"""alerts.time_intervals on a real Alertmanager: tickets outside working hours wait, pages never do."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from alerts import routes
from alerts.time_intervals import build
from tests.alerts.running import alertmanager, until
from tests.alerts.shops import ROUTING, burning, shop

TEAMS = ("orders", "storefront")


def _routing(hours: str) -> str:
    """The routing of the shop with other hours, the same for all who have any."""
    teams = (
        ROUTING[ROUTING.index("teams:") :]
        .replace("hours: office", "hours: now")
        .replace("hours: weekend", "hours: now")
    )
    return f"hours:\n  now: {hours}\n{teams}"


def _hours(begin: datetime, end: datetime, *, zone: str = "UTC", holidays: str = "") -> str:
    day, last = f"{begin:%A}".lower(), f"{end:%H:%M}" if end.date() == begin.date() else "24:00"
    return f"{{time_zone: {zone}, weekdays: [{day}], times: ['{begin:%H:%M}-{last}'], holidays: [{holidays}]}}"


def _today(zone_hours: int = 0) -> tuple[datetime, datetime]:
    """The whole day that it is now."""
    now = datetime.now(UTC) + timedelta(hours=zone_hours)
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return begin, begin + timedelta(days=1)


def _yesterday() -> str:
    begin, end = _today()
    return _hours(begin - timedelta(days=1), end - timedelta(days=1))


def _holiday() -> str:
    begin, end = _today()
    return _hours(begin, end, holidays=f"{begin:%Y-%m-%d}")


CLASSES = {
    "within hours": (lambda: _hours(*_today()), True),
    "within hours of another time zone": (lambda: _hours(*_today(9), zone="Asia/Tokyo"), True),
    "on another day": (_yesterday, False),
    "on a holiday": (_holiday, False),
}


@pytest.mark.parametrize("name", CLASSES)
def test_every_team_severity_and_kind_of_hour(name, tmp_path):
    """Trap 1: hours are not inherited, so that each leaf is tried: tickets keep hours, pages do not."""
    hours, open_now = CLASSES[name][0](), CLASSES[name][1]
    made = routes.config(shop(tmp_path / "specs", _routing(hours)))
    with alertmanager(made, tmp_path) as running:
        for team in TEAMS:
            running.send(
                burning(team, severity="ticket"),
                {"alertname": "Other", "severity": "ticket", "team": team},
                burning(team),
                {"alertname": "Paging", "severity": "page", "team": team},
            )
        free = ({"alertname": "Free", "severity": "ticket", "team": team} for team in ("payments", "platform"))
        running.send(*free)
        # The page of an SLO mutes its ticket: both tickets of a team are told only once that is over.
        running.end(*(burning(team) for team in TEAMS))
        until(lambda: running.heard.posts and {event["team"] for event in running.events} >= {*TEAMS, "payments"})
        until(lambda: running.flushes("Other") >= 3)
        slack = [path for path, _, _ in running.heard.posts if path.startswith("/slack/")]
        paged = {event["payload"]["class"] for event in running.events if event["event_action"] == "trigger"}
    assert {"Paging", "Free"} <= paged
    assert {path for path in slack if path != "/slack/platform"} == (
        {f"/slack/{team}" for team in TEAMS} if open_now else set()
    )
    assert "/slack/platform" in slack


def test_every_leaf_of_tickets_has_the_hours_of_its_team(tmp_path):
    """And what is above them has none, for nobody would inherit them."""
    found = routes.config(shop(tmp_path / "specs"))["route"]
    leaves = {
        (route["matchers"][0], leaf["receiver"]): (leaf.get("active_time_intervals"), leaf.get("mute_time_intervals"))
        for route in found["routes"]
        if "ticket" in route["matchers"][0]
        for leaf in route["routes"]
    }
    both = ('sloth_severity="ticket"', 'severity="ticket"')
    of_team = {
        "payments-ticket": (None, None),
        "platform-ticket": (None, None),
        "orders-ticket": (["office"], None),
        "storefront-ticket": (["weekend"], ["weekend-holidays"]),
    }
    assert leaves == {(kind, name): times for kind in both for name, times in of_team.items()}
    assert not [
        route for route in (found, *found["routes"]) if {"active_time_intervals", "mute_time_intervals"} & {*route}
    ]


def test_holidays_are_grouped_by_month(tmp_path):
    """Alertmanager has no dates: a year, a month and days of it."""
    text = ROUTING.replace("[2026-12-25, 2026-12-26]", "[2027-01-01, 2026-12-26, 2026-12-25, 2026-11-01]")
    routing = shop(tmp_path / "specs", text).routing
    (holidays,) = (one["time_intervals"] for one in build(routing) if one["name"] == "weekend-holidays")
    assert [(one["years"], one["months"], one["days_of_month"]) for one in holidays] == [
        (["2026"], ["11"], ["1"]),
        (["2026"], ["12"], ["25", "26"]),
        (["2027"], ["1"], ["1"]),
    ]
    assert {one["location"] for one in holidays} == {"UTC"}


@pytest.mark.full
def test_what_waited_is_sent_when_hours_begin_and_an_end_after_them_is_not(tmp_path):
    """Why tickets that keep hours go to Slack: PagerDuty would keep an incident whose end is never sent."""
    now = datetime.now(UTC)
    if now.hour == 23 and now.minute > 55:
        time.sleep(6 * 60)
        now = datetime.now(UTC)
    begin = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    made = routes.config(shop(tmp_path / "specs", _routing(_hours(begin, begin + timedelta(minutes=1)))))
    ticket = {"alertname": "Waits", "severity": "ticket", "team": "orders"}
    with alertmanager(made, tmp_path) as running:
        running.send(ticket)
        while datetime.now(UTC) < begin - timedelta(seconds=1):
            assert not running.heard.posts
            time.sleep(0.2)
        until(lambda: len(running.heard.posts) == 1, 5)
        assert datetime.now(UTC) >= begin
        while datetime.now(UTC) < begin + timedelta(minutes=1, seconds=1):
            time.sleep(0.2)
        running.end(ticket)
        until(lambda: not running.alerts())
        time.sleep(3)
        assert len(running.heard.posts) == 1
