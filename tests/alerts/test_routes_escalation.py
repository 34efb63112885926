"""Escalation on a real Alertmanager: who is told of a page that goes on, and of which not."""

import pytest

from alerts import routes
from tests.alerts.running import alertmanager, moment, until
from tests.alerts.shops import ROUTING, burning, shop

AFTER = 4


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One whose pages escalate after four seconds."""
    folder = tmp_path_factory.mktemp("alertmanager")
    routing = ROUTING.replace("after: 30m", f"after: {AFTER}s")
    with alertmanager(routes.config(shop(folder / "specs", routing)), folder) as found:
        yield found


def _incidents(running, cluster: str) -> dict[str, bool]:
    """By team, whether its incident about what lies in *cluster* is open."""
    return {
        incident.team: incident.is_open
        for incident in running.heard.incidents
        if incident.payload["source"].startswith(cluster)
    }


def test_a_page_that_goes_on_is_told_to_one_team_more(running):
    """First to its own team, then to the other as well, which sees for how long; and both hear of the end."""
    page = burning("payments", cluster="on")
    running.send(page)
    until(lambda: _incidents(running, "on") == {"payments": True})
    until(lambda: _incidents(running, "on") == {"payments": True, "platform": True})
    (summary,) = (one.payload["summary"] for one in running.heard.incidents if one.team == "platform")
    assert summary.startswith(f"[FOR {AFTER}s] ")
    running.end(page)
    until(lambda: _incidents(running, "on") == {"payments": False, "platform": False})


def test_a_page_that_is_over_before_is_not(running):
    """Its group is looked at when the wait is over, and holds nothing then that was ever told there."""
    page, witness = burning("payments", cluster="over"), burning("payments", cluster="witness")
    running.send(page)
    until(lambda: _incidents(running, "over") == {"payments": True})
    running.end(page)
    running.send(witness)
    until(lambda: _incidents(running, "witness") == {"payments": True, "platform": True})
    assert _incidents(running, "over") == {"payments": False}


def test_the_wait_counts_from_the_start_of_the_alert(running):
    """An Alertmanager that has just been started does not begin anew."""
    running.send(burning("payments", cluster="old"), startsAt=moment(-AFTER - 1))
    until(lambda: _incidents(running, "old") == {"payments": True, "platform": True}, AFTER - 1)


def test_its_own_pages_do_not_escalate_to_that_team(running):
    """It is told already."""
    running.send({"alertname": "Own", "severity": "page", "team": "platform", "cluster": "own"})
    running.send(burning("payments", cluster="beside"))
    until(lambda: _incidents(running, "beside") == {"payments": True, "platform": True})
    (incident,) = (one for one in running.heard.incidents if one.payload["source"].startswith("own"))
    assert (incident.triggers, incident.payload["summary"][:1]) == (1, "O")


def test_a_page_that_nobody_owns_is_told_at_once_and_escalates(running):
    """The escalation matches as well: the fallback must not be left out for that."""
    running.send(burning("payments", cluster="nobody", team="nobody"))
    until(lambda: _incidents(running, "nobody") == {"unrouted": True})
    until(lambda: _incidents(running, "nobody") == {"unrouted": True, "platform": True})


def test_tickets_do_not_escalate(running):
    """However long they are open."""
    running.send(burning("payments", severity="ticket", cluster="ticket"))
    running.send(burning("payments", cluster="page"))
    until(lambda: _incidents(running, "page") == {"payments": True, "platform": True})
    assert _incidents(running, "ticket") == {"payments": True}
