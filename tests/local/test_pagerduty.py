"""The stand-in's API, as the Events API v2 documents it, and its page."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from local.pagerduty import create_app
from local.pagerduty_store import IncidentStore

KEY = "a" * 32
PAYLOAD = {"summary": "Catalog is failing", "source": "prometheus", "severity": "critical"}
TRIGGER = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "d1", "payload": PAYLOAD}


@pytest.fixture
def client(tmp_path: Path) -> FlaskClient:
    """A client of a stand-in without incidents, at a fixed hour."""
    store = IncidentStore(tmp_path / "events.jsonl")
    app = create_app(store=store, teams={KEY: "catalog"}, clock=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    return app.test_client()


def _without(event: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key != name}


def _payload(**changes: Any) -> dict[str, Any]:
    return {**TRIGGER, "payload": {**PAYLOAD, **changes}}


def _incidents(client: FlaskClient) -> list[dict[str, Any]]:
    incidents: list[dict[str, Any]] = client.get("/incidents").get_json()["incidents"]
    return incidents


def test_a_trigger_opens_an_incident(client: FlaskClient) -> None:
    """The answer is PagerDuty's, word for word; the incident holds team, key and payload."""
    answer = client.post("/v2/enqueue", json=TRIGGER)
    assert answer.status_code == 202
    assert answer.get_json() == {"status": "success", "message": "Event processed", "dedup_key": "d1"}
    (incident,) = _incidents(client)
    assert (incident["team"], incident["dedup_key"], incident["status"]) == ("catalog", "d1", "triggered")
    assert incident["created_at"] == "2026-03-01T12:00:00.000+00:00"
    assert incident["event"]["payload"] == PAYLOAD


def test_a_trigger_without_a_key_gets_one(client: FlaskClient) -> None:
    """Two such triggers are two incidents."""
    event = _without(TRIGGER, "dedup_key")
    keys = {client.post("/v2/enqueue", json=event).get_json()["dedup_key"] for _ in range(2)}
    assert {incident["dedup_key"] for incident in _incidents(client)} == keys
    assert len(keys) == 2


def test_acknowledge_and_resolve_act_on_the_incident_of_the_key(client: FlaskClient) -> None:
    """They need a routing key and the deduplication key alone."""
    client.post("/v2/enqueue", json=TRIGGER)
    seen = []
    for action in ("acknowledge", "resolve"):
        event = {"routing_key": KEY, "event_action": action, "dedup_key": "d1"}
        assert client.post("/v2/enqueue", json=event).status_code == 202
        seen.append([incident["status"] for incident in _incidents(client)])
    assert seen == [["acknowledged"], ["resolved"]]


def test_any_other_valid_key_is_taken(client: FlaskClient) -> None:
    """A key that nobody here made belongs to no team."""
    assert client.post("/v2/enqueue", json={**TRIGGER, "routing_key": "b" * 32}).status_code == 202
    assert _incidents(client)[0]["team"] == "unknown key"


@pytest.mark.parametrize(
    ("event", "error"),
    [
        pytest.param(_without(TRIGGER, "routing_key"), "'routing_key' is missing or blank", id="no routing key"),
        pytest.param(
            {**TRIGGER, "routing_key": "a" * 31},
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            id="31",
        ),
        pytest.param(
            {**TRIGGER, "routing_key": "a" * 33},
            "Length of 'routing_key' is incorrect (should be 32 characters)",
            id="33",
        ),
        pytest.param(_without(TRIGGER, "event_action"), "'event_action' is missing or blank", id="no action"),
        pytest.param(
            {**TRIGGER, "event_action": "page"},
            "'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge', 'resolve')",
            id="another action",
        ),
        pytest.param(
            {**TRIGGER, "dedup_key": "d" * 256},
            "'dedup_key' is too long (maximum is 255 characters)",
            id="256",
        ),
        pytest.param({**TRIGGER, "dedup_key": 7}, "'dedup_key' is not a string", id="a number for a key"),
        pytest.param(
            {"routing_key": KEY, "event_action": "resolve"},
            "'dedup_key' is missing or blank",
            id="resolve what",
        ),
        pytest.param(_without(TRIGGER, "payload"), "'payload' is missing or blank", id="no payload"),
        pytest.param(_payload(summary=" "), "'payload.summary' is missing or blank", id="blank summary"),
        pytest.param(
            _payload(summary="s" * 1025),
            "'payload.summary' is too long (maximum is 1024 characters)",
            id="1025",
        ),
        pytest.param(_payload(source=None), "'payload.source' is missing or blank", id="no source"),
        pytest.param(_payload(severity=""), "'payload.severity' is missing or blank", id="no severity"),
        pytest.param(
            _payload(severity="page"),
            "'payload.severity' is invalid (must be one of the following: 'critical', 'error', 'warning', 'info')",
            id="a severity of ours",
        ),
        pytest.param({**TRIGGER, "links": [1]}, "'links' is not an array of objects", id="links"),
        pytest.param({**TRIGGER, "links": [{}]}, "'links[0].href' is missing or blank", id="a link to nowhere"),
        pytest.param({**TRIGGER, "images": [{"alt": "a"}]}, "'images[0].src' is missing or blank", id="no image"),
        pytest.param(
            {**TRIGGER, "images": [{"src": "http://a/b.png"}]},
            "'images[0].src' is not served via HTTPS",
            id="an image without TLS",
        ),
        pytest.param({**TRIGGER, "client": 1}, "'client' is not a string", id="client"),
        pytest.param(_payload(timestamp="noon"), "'payload.timestamp' is not an ISO 8601 time", id="noon"),
        pytest.param(_payload(timestamp=1), "'payload.timestamp' is not an ISO 8601 time", id="a number for a time"),
        pytest.param(_payload(custom_details="x"), "'payload.custom_details' is not an object", id="details"),
        pytest.param(_payload(component=["a"]), "'payload.component' is not a string", id="component"),
    ],
)
def test_each_fault_has_its_message(client: FlaskClient, event: dict[str, Any], error: str) -> None:
    """A refused event is 400 with the reason, and leaves nothing behind."""
    answer = client.post("/v2/enqueue", json=event)
    assert answer.status_code == 400
    assert answer.get_json() == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": [error],
    }
    assert _incidents(client) == []


def test_all_faults_come_at_once(client: FlaskClient) -> None:
    """One answer names everything that is wrong."""
    answer = client.post("/v2/enqueue", json={"event_action": "trigger"})
    assert len(answer.get_json()["errors"]) == 2


@pytest.mark.parametrize("severity", ["critical", "error", "warning", "info"])
def test_longest_values_and_every_severity_are_taken(client: FlaskClient, severity: str) -> None:
    """The limits themselves are within bounds."""
    event = {**_payload(summary="s" * 1024, severity=severity), "dedup_key": "d" * 255}
    assert client.post("/v2/enqueue", json=event).status_code == 202


def test_the_documented_example_is_taken(client: FlaskClient) -> None:
    """Every member of the event that PagerDuty's documentation shows, in its form."""
    payload = _payload(
        timestamp="2015-07-17T08:42:58.315+0000",
        component="postgres",
        group="prod-datapipe",
        custom_details={"ping time": "1500ms", "load avg": 0.75},
        **{"class": "deploy"},
    )
    event = {
        **payload,
        "images": [{"src": "https://example.com/logo.png", "href": "https://example.com/", "alt": "Example text"}],
        "links": [{"href": "https://example.com/", "text": "Link text"}],
        "client": "Sample Monitoring Service",
        "client_url": "https://monitoring.example.com",
    }
    assert client.post("/v2/enqueue", json=event).status_code == 202
    assert _incidents(client)[0]["event"] == _without(event, "routing_key")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"{", id="cut short"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"\xff", id="no UTF-8"),
        pytest.param(b"[" * 100_000, id="nested too deeply"),
        pytest.param(json.dumps(_payload(custom_details={"x": float("nan")})).encode(), id="NaN"),
        pytest.param(json.dumps(_payload(summary="\ud800")).encode(), id="half a surrogate pair"),
        pytest.param(json.dumps({**TRIGGER, "event_action": ["trigger"]}).encode(), id="a list for a word"),
    ],
)
def test_what_is_no_event_is_refused(client: FlaskClient, body: bytes) -> None:
    """Whatever comes, the answer is 400 and the page still shows."""
    assert client.post("/v2/enqueue", data=body, content_type="application/json").status_code == 400
    assert client.get("/").status_code == 200


def test_what_is_not_json_is_an_unrecognised_object(client: FlaskClient) -> None:
    """In the words of PagerDuty's schema."""
    assert client.post("/v2/enqueue", data=b"{").get_json() == {
        "status": "Unrecognized object",
        "message": "Event object format is unrecognized",
        "errors": ["JSON parse error"],
    }


@pytest.mark.parametrize(("size", "status"), [(512_000, 202), (512_001, 413)])
def test_512_kb_is_the_limit_of_an_event(client: FlaskClient, size: int, status: int) -> None:
    """Bytes of the whole body; Alertmanager sends none that is larger."""
    empty = len(json.dumps(_payload(custom_details={"x": ""})))
    body = json.dumps(_payload(custom_details={"x": "x" * (size - empty)}))
    assert len(body) == size
    answer = client.post("/v2/enqueue", data=body, content_type="application/json")
    assert (answer.status_code, answer.is_json) == (status, True)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("POST", "/v2/change/enqueue", 404, id="change events"),
        pytest.param("GET", "/v2/enqueue", 405, id="another method"),
        pytest.param("GET", "/nowhere", 404, id="another page"),
    ],
)
def test_what_is_not_there_is_said_as_json(client: FlaskClient, method: str, path: str, status: int) -> None:
    """With a message, in the words of the interface that was asked."""
    answer = client.open(path, method=method, json={} if method == "POST" else None)
    assert answer.status_code == status
    assert answer.get_json()["message" if path.startswith("/v2/") else "detail"]
    assert status != 405 or "POST" in answer.headers["Allow"]


def test_an_event_that_cannot_be_written_is_503(client: FlaskClient, tmp_path: Path) -> None:
    """Alertmanager tries again; what is not on disk is not shown."""
    (tmp_path / "events.jsonl").mkdir()
    assert client.post("/v2/enqueue", json=TRIGGER).status_code == 503
    assert _incidents(client) == []
    assert 'pagerduty_events_total{result="failed"} 1.0' in client.get("/metrics").get_data(as_text=True)


def test_another_sites_page_sends_no_event(client: FlaskClient) -> None:
    """Any page in a browser on this machine could; whatever key it made up would be taken."""
    rebound = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}, rebound):
        assert client.post("/v2/enqueue", data=json.dumps(TRIGGER), headers=headers).status_code == 403
    assert _incidents(client) == []


def test_results_are_counted(client: FlaskClient) -> None:
    """Each by what became of it, from 0 on; and how many incidents are open."""
    assert 'pagerduty_events_total{result="limited"} 0.0' in client.get("/metrics").get_data(as_text=True)
    client.post("/v2/enqueue", json=TRIGGER)
    client.post("/v2/enqueue", json={})
    text = client.get("/metrics").get_data(as_text=True)
    assert 'pagerduty_events_total{result="accepted"} 1.0' in text
    assert 'pagerduty_events_total{result="refused"} 1.0' in text
    assert "pagerduty_incidents_open 1.0" in text


def test_it_says_that_it_lives(client: FlaskClient) -> None:
    """For whoever waits until it can be used."""
    assert client.get("/livez").get_json() == {"status": "alive"}


def test_the_page_shows_text_as_text(client: FlaskClient) -> None:
    """An alert's words are never markup, and only web addresses become links."""
    event = _payload(summary="<script>alert(1)</script>")
    event |= {
        "client": "<b>",
        "client_url": "javascript:alert(1)",
        "links": [{"href": "https://a/?x=1&y", "text": "run<"}],
    }
    assert client.post("/v2/enqueue", json=event).status_code == 202
    page = client.get("/")
    text = page.get_data(as_text=True)
    assert "<script" not in text
    assert "javascript:" not in text
    assert '<a href="https://a/?x=1&amp;y">run&lt;</a>' in text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
