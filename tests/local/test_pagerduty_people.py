"""What people see and do: the page, the incidents as JSON, acknowledge and resolve."""

import dataclasses
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from local.pagerduty import create_app
from local.pagerduty_store import IncidentStore
from local.pagerduty_words import ago

KEY = "a" * 32
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FORM = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Origin": "http://localhost"}


@dataclasses.dataclass
class Desk:
    """A stand-in whose clock is set by hand."""

    path: Path
    now: datetime = NOON
    client: FlaskClient = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start it, again as well, over the same file."""
        store = IncidentStore(self.path)
        self.client = create_app(store=store, teams={KEY: "catalog"}, clock=lambda: self.now).test_client()

    def trigger(self, key: str = "d1", *, action: str = "trigger", **more: Any) -> None:
        """Send an event; *more* goes into its payload."""
        payload = {"summary": f"{key} fails", "source": "Alertmanager", "severity": "critical", **more}
        event = {"routing_key": KEY, "event_action": action, "dedup_key": key, "payload": payload}
        assert self.client.post("/v2/enqueue", json=event).status_code == 202

    def incidents(self, query: str = "") -> list[dict[str, Any]]:
        """What the API shows."""
        found: list[dict[str, Any]] = self.client.get(f"/incidents{query}").get_json()["incidents"]
        return found

    def page(self, query: str = "") -> str:
        """What the page shows."""
        answer = self.client.get(f"/{query}")
        assert answer.status_code == 200
        return answer.get_data(as_text=True)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One without incidents, at noon."""
    return Desk(tmp_path / "events.jsonl")


def test_an_incident_says_what_drills_need(desk: Desk) -> None:
    """Its times, who acted, and the alert, without a search in the payload."""
    desk.trigger(**{"class": "CatalogAvailability"})
    desk.now += timedelta(seconds=20)
    desk.client.post("/incidents/1/acknowledge")
    desk.now += timedelta(seconds=10)
    desk.trigger(action="resolve")
    (incident,) = desk.incidents()
    assert {name: incident[name] for name in ("number", "team", "alert", "summary", "severity", "source")} == {
        "number": 1,
        "team": "catalog",
        "alert": "CatalogAvailability",
        "summary": "d1 fails",
        "severity": "critical",
        "source": "Alertmanager",
    }
    assert incident["log"] == [
        {"at": "2026-03-01T12:00:00.000+00:00", "action": "trigger", "by": "event"},
        {"at": "2026-03-01T12:00:20.000+00:00", "action": "acknowledge", "by": "person"},
        {"at": "2026-03-01T12:00:30.000+00:00", "action": "resolve", "by": "event"},
    ]
    assert (incident["acknowledged_at"], incident["resolved_at"]) == (
        incident["log"][1]["at"],
        incident["log"][2]["at"],
    )


def test_incidents_can_be_asked_for_by_state_and_time(desk: Desk) -> None:
    """`since` counts from when they were opened, to the moment, in any zone."""
    desk.trigger("old")
    desk.client.post("/incidents/1/resolve")
    desk.now += timedelta(minutes=1)
    desk.trigger("new")
    numbers = {
        query: [each["number"] for each in desk.incidents(query)]
        for query in (
            "",
            "?status=all",
            "?status=open",
            "?since=2026-03-01T12:00:00Z",
            "?since=2026-03-01T12:00:01Z",
            "?since=2026-03-01T13:01:00%2B01:00",
            "?since=2026-03-01T12:01:01Z",
        )
    }
    assert list(numbers.values()) == [[1, 2], [1, 2], [2], [1, 2], [2], [2], []]


@pytest.mark.parametrize("query", ["?status=closed", "?since=noon", "?since=2026-03-01T12:00:00"])
def test_a_question_that_makes_no_sense_is_400(desk: Desk, query: str) -> None:
    """It says what was expected."""
    answer = desk.client.get(f"/incidents{query}")
    assert answer.status_code == 400
    assert "expected" in answer.get_json()["detail"]


def test_a_person_acts_once(desk: Desk) -> None:
    """A second click changes nothing; what is resolved cannot be acknowledged; what there is not is 404."""
    desk.trigger()
    done = ["acknowledge", "acknowledge", "resolve", "resolve", "acknowledge"]
    answers = [desk.client.post(f"/incidents/1/{action}") for action in done]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200, 409]
    assert answers[1].get_json()["status"] == "acknowledged"
    assert [entry["action"] for entry in desk.incidents()[0]["log"]] == ["trigger", "acknowledge", "resolve"]
    assert desk.client.post("/incidents/2/resolve").status_code == 404


def test_what_a_person_did_is_kept(desk: Desk) -> None:
    """It is an event like any other; a trigger that comes later opens a new incident."""
    desk.trigger()
    desk.client.post("/incidents/1/resolve")
    desk.start()
    desk.trigger()
    assert [(each["number"], each["status"]) for each in desk.incidents()] == [(1, "resolved"), (2, "triggered")]
    assert desk.incidents()[0]["log"][-1]["by"] == "person"


def test_an_act_that_cannot_be_written_is_503(desk: Desk) -> None:
    """And the incident is as it was."""
    desk.trigger()
    desk.path.unlink()
    desk.path.mkdir()
    assert desk.client.post("/incidents/1/resolve").status_code == 503
    assert desk.incidents()[0]["status"] == "triggered"


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://evil.example"}, id="another origin"),
        pytest.param({"Origin": "null"}, id="a hidden origin"),
        pytest.param({"Origin": "http://localhost:8000"}, id="another port"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="another site"),
        pytest.param({"Sec-Fetch-Site": "same-site"}, id="a neighbour"),
        pytest.param({"Host": "evil.example", "Origin": "http://evil.example"}, id="a rebound name"),
    ],
)
def test_another_sites_page_cannot_act(desk: Desk, headers: dict[str, str]) -> None:
    """403, and nothing has happened."""
    desk.trigger()
    assert desk.client.post("/incidents/1/resolve", headers=headers).status_code == 403
    assert desk.incidents()[0]["status"] == "triggered"


@pytest.mark.parametrize("path", ["/", "/incidents"])
@pytest.mark.parametrize(("host", "status"), [("evil.example", 403), ("127.0.0.1:8081", 200), ("localhost", 200)])
def test_a_rebound_name_reads_nothing(desk: Desk, path: str, host: str, status: int) -> None:
    """Only the names of this machine are answered; Alertmanager's events come by whatever name it knows."""
    assert desk.client.get(path, headers={"Host": host}).status_code == status
    event = {"routing_key": KEY, "event_action": "resolve", "dedup_key": "d"}
    assert desk.client.post("/v2/enqueue", json=event, headers={"Host": "pagerduty:8081"}).status_code == 202


def test_a_form_leads_back_to_where_it_was(desk: Desk) -> None:
    """Also if somebody else was faster."""
    desk.trigger()
    for action in ("acknowledge", "resolve", "acknowledge"):
        answer = desk.client.post(f"/incidents/1/{action}", data={"status": "open"}, headers=FORM)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/?status=open")
    assert desk.incidents()[0]["status"] == "resolved"
    assert desk.client.post("/incidents/1/resolve", data={"status": "//evil"}, headers=FORM).location == "/"


def test_the_page_can_be_read_aloud(desk: Desk) -> None:
    """Language, title with the number of open incidents, headings, states and buttons as words."""
    assert "Nobody has been paged" in desk.page()
    desk.trigger()
    text = desk.page()
    for part in (
        '<html lang="en">',
        "<title>Incidents (1 open)</title>",
        '<h2 id="open">Open</h2>',
        '<ul class="cards" aria-labelledby="open">',
        ">triggered</b>",
        'Acknowledge<span class="hidden"> incident 1</span></button>',
    ):
        assert part in text
    assert text.startswith("<!doctype html>")


def test_the_page_shows_what_is_open_first_and_then_the_newest(desk: Desk) -> None:
    """Each with how long it lasts, or lasted; the filter leaves out what is over."""
    for key in ("a", "b", "c"):
        desk.trigger(key)
        desk.now += timedelta(seconds=100)
    desk.client.post("/incidents/2/resolve")
    desk.now += timedelta(hours=1)
    text = desk.page()
    assert re.findall(r"<h3>.*?(\w) fails", text) == ["c", "a", "b"]
    assert "(1 h 1 min)" in text
    assert "lasted 3 min 20 s" in text
    assert re.findall(r"<h3>.*?(\w) fails", desk.page("?status=open")) == ["c", "a"]


def test_a_page_without_open_incidents_says_so(desk: Desk) -> None:
    """Which is not the same as that nobody has been paged."""
    desk.trigger()
    desk.client.post("/incidents/1/resolve")
    assert "Nothing is open." in desk.page()
    assert "Nobody has been paged" not in desk.page("?status=open")


def test_buttons_fit_the_state(desk: Desk) -> None:
    """Acknowledge while nobody has, resolve while it is open."""
    desk.trigger()
    seen = []
    for action in ("acknowledge", "resolve"):
        seen.append(re.findall(r'action="/incidents/1/(\w+)"', desk.page()))
        desk.client.post(f"/incidents/1/{action}")
    seen.append(re.findall(r'action="/incidents/1/(\w+)"', desk.page()))
    assert seen == [["acknowledge", "resolve"], ["resolve"], []]


def test_the_page_shows_details_as_text(desk: Desk) -> None:
    """Never as markup; web addresses in them can be followed, whatever else looks like one cannot."""
    details = {
        "firing": "runbook = https://runbooks.example/a?b=1&c\n<img src=x onerror=alert(1)>",
        "bad": "javascript:alert(1)",
        "number": 3,
        "<b>name</b>": "</script>",
        "nested": {"<i>": ["</dd>"]},
    }
    desk.trigger(custom_details=details)
    text = desk.page()
    assert '<a href="https://runbooks.example/a?b=1&amp;c" rel="' in text
    assert "<dt>number</dt><dd>3</dd>" in text
    assert not re.search(r"<(img|b>name|i>|/script)|href=\"javascript", text)


def test_a_page_that_shows_itself_again_needs_no_script(desk: Desk) -> None:
    """It does so only for whoever asked for it: reading details must not be cut short."""
    assert "http-equiv" not in desk.page()
    assert '<meta http-equiv="refresh" content="15">' in desk.page("?refresh=on")


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-1), "0 s"),
        (timedelta(seconds=59.9), "59 s"),
        (timedelta(seconds=60), "1 min 0 s"),
        (timedelta(hours=1), "1 h 0 min"),
        (timedelta(days=4, hours=1, minutes=59), "4 d 1 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(passed: timedelta, said: str) -> None:
    """Rounded down, never negative."""
    assert ago(NOON.isoformat(), NOON + passed) == said
