"""What fires, silences and incidents on real Alertmanagers and the stand-in, pressed on the page."""

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from budget.errors import Unreachable
from budget.ops.alertmanager import Alertmanagers
from budget.ops.errors import NotHere, PartlyDone, Refused
from budget.ops.faults import LOOK_SECONDS, Faults
from budget.ops.incidents import Incidents
from local.settings import Settings
from tests.budget.ops.fakes import FakeServer, client, desk, press, signed_in, unreachable
from tests.local.pagerduty_process import TOKEN, Process, Standin, alertmanagers, send, standin
from tests.ports import free_base

CLOSED = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def wait_for() -> Callable[[Callable[[], Any], float], Any]:
    """Asks again until the answer is true, for so many seconds at most."""

    def wait(ask: Callable[[], Any], seconds: float) -> Any:
        deadline = time.monotonic() + seconds
        while not (answer := ask()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.05)
        return answer

    return wait


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, wait_for: Callable[..., Any]
) -> Iterator[tuple[Standin, tuple[Process, ...]]]:
    """The stand-in and two Alertmanagers, of which one alert fires."""
    with free_base() as base:
        home: Path = tmp_path_factory.mktemp("told")
        settings = Settings(run=home / "run", port_base=base, root=home)
        settings.run.mkdir(parents=True)
        with standin(settings, wait_for) as pagerduty, alertmanagers(settings, wait_for) as found:
            send(found)
            wait_for(pagerduty.incidents, 30)
            yield pagerduty, found


def test_an_alert_is_acknowledged_and_silenced_on_the_page(
    running: tuple[Standin, tuple[Process, ...]], wait_for: Callable[..., Any]
) -> None:
    """Both Alertmanagers know the silence, one tells it the other; then it is ended there."""
    pagerduty, found = running
    told = Alertmanagers(each.url for each in found)
    given = desk(FakeServer(), alertmanagers=told, incidents=Incidents(pagerduty.url), clock=time.time)
    browser = signed_in(client(given))
    text = browser.get("/ops").text
    assert "<h3>CatalogAvailability" in text
    assert "Incident 1 of catalog: triggered" in text

    press(browser, "/ops/incidents/1/acknowledge")
    assert "Incident 1 is acknowledged." in browser.get("/ops").text
    assert pagerduty.incidents()[0]["status"] == "acknowledged"

    (path,) = set(re.findall(r'href="(/ops/alerts/\w+/silence)"', text))
    press(browser, path, minutes="15", comment="planned work")
    assert "CatalogAvailability of catalog is silenced for 15 minutes." in browser.get("/ops").text
    for each in found:
        alone = Alertmanagers([each.url])
        silenced = wait_for(lambda alone=alone: [one for one in alone.told().alerts if one.silenced], 20)
        assert [one.name for one in silenced] == ["CatalogAvailability"]
    (silence,) = told.told().silences
    assert (silence.by, silence.comment, round(silence.ends - silence.starts)) == ("ops page", "planned work", 900)
    assert 'alertname="CatalogAvailability"'.replace('"', "") in silence.matchers

    press(browser, f"/ops/silences/{silence.id}/expire")
    wait_for(lambda: not told.told().silences, 10)


def test_one_of_two_is_enough(running: tuple[Standin, tuple[Process, ...]]) -> None:
    """The one that is away is named; without any of them it is a failure."""
    _, found = running
    told = Alertmanagers([CLOSED, found[1].url]).told()
    assert [each.name for each in told.alerts] == ["CatalogAvailability"]
    assert [each.startswith(f"{CLOSED} does not answer") for each in told.down] == [True]
    with pytest.raises(Unreachable):
        Alertmanagers([CLOSED, CLOSED]).told()
    with pytest.raises(NotHere):
        Alertmanagers([]).expire("x")


def test_what_is_refused_says_why(running: tuple[Standin, tuple[Process, ...]]) -> None:
    """By Alertmanager and by the stand-in, in their words."""
    pagerduty, found = running
    told = Alertmanagers([found[0].url])
    with pytest.raises(Refused, match="answered 400"):
        told.silence({"alertname": "x"}, seconds=-60, comment="it is over", now=time.time())
    with pytest.raises(Refused, match="There is no incident 999"):
        Incidents(pagerduty.url).acknowledge(999)
    with pytest.raises(NotHere, match="PagerDuty's own app"):
        Incidents(None).acknowledge(1)


def test_faults_are_switched_on_and_off_with_the_token(
    running: tuple[Standin, tuple[Process, ...]], tmp_path: Path
) -> None:
    """Of the stand-in itself, which takes them as services do; a wrong token is refused, and does nothing."""
    pagerduty, _ = running
    file = tmp_path / "token"
    file.write_text(TOKEN)
    faults = Faults({"pagerduty": [pagerduty.url], "gone": [CLOSED]}, file)
    faults.break_("pagerduty", {"fault": "slow", "share": 0.5, "seconds": 60})
    found = faults.broken()
    (active,) = found.active
    assert (active.target, active.fault, active.share, found.silent) == ("pagerduty", "slow", 0.5, ("gone",))
    assert 50 < active.seconds_left <= 60
    with pytest.raises(Refused, match="answered 422"):
        faults.break_("pagerduty", {"fault": "nothing", "seconds": 60})
    file.write_text("another")
    with pytest.raises(Refused, match="answered 401: Expected the fault token"):
        faults.mend("pagerduty")
    file.write_text(TOKEN)
    faults.mend("pagerduty")
    assert faults.broken().active == ()
    file.unlink()
    with pytest.raises(Unreachable, match="no token to break things with"):
        faults.mend("pagerduty")
    with pytest.raises(NotHere):
        faults.mend("nobody")


def test_a_replica_that_is_away_does_not_keep_the_other_from_being_mended(
    running: tuple[Standin, tuple[Process, ...]], tmp_path: Path, silent_url: str
) -> None:
    """Each is asked; that one did not answer is said."""
    pagerduty, _ = running
    file = tmp_path / "token"
    file.write_text(TOKEN)
    faults = Faults({"pagerduty": [CLOSED, pagerduty.url], "halted": [silent_url]}, file)
    with pytest.raises(PartlyDone):
        faults.break_("pagerduty", {"fault": "slow", "share": 1, "seconds": 60})
    alone = Faults({"pagerduty": [pagerduty.url]}, file)
    assert [each.fault for each in alone.broken().active] == ["slow"]
    began = time.monotonic()
    assert faults.broken().silent == ("pagerduty", "halted")
    assert time.monotonic() - began < 2 * LOOK_SECONDS
    with pytest.raises(PartlyDone):
        faults.mend("pagerduty")
    assert alone.broken().active == ()


def test_another_kind_of_server_is_told_as_such(running: tuple[Standin, tuple[Process, ...]]) -> None:
    """An address that was mixed up is a message, and no half-read page."""
    pagerduty, found = running
    server = FakeServer()
    server.fault = unreachable()
    given = desk(
        server, alertmanagers=Alertmanagers([pagerduty.url]), incidents=Incidents(found[0].url), clock=time.time
    )
    text = client(given).get("/ops").text
    assert "Alertmanager cannot be asked" in text
    assert "PagerDuty stand-in cannot be asked" in text
    assert "What fires is not known." in text
