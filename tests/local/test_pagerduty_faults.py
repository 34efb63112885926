"""Trouble on demand, and the rate limit: what is not answered with 202 is written nowhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from local.pagerduty import create_app
from local.pagerduty_faults import ErrorsFault, FaultBoard
from local.pagerduty_store import IncidentStore

KEYS = {"a" * 32: "catalog", "b" * 32: "orders"}
TOKEN = "token-of-this-run"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PATH = "/internal/faults"


class Standin:
    """One whose clock is set by hand, and which does not sleep but notes how long it would."""

    def __init__(self, path: Path, token: str = TOKEN) -> None:
        self.path = path
        self.now = 1000.0
        self.slept: list[float] = []
        app = create_app(
            store=IncidentStore(path),
            teams=KEYS,
            clock=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC),
            monotonic=lambda: self.now,
            sleep=self.slept.append,
            fault_token=token,
            events_per_minute=3,
        )
        self.client: FlaskClient = app.test_client()

    def send(self, key: str = "a" * 32) -> TestResponse:
        """One event."""
        payload = {"summary": "s", "source": "s", "severity": "info"}
        event = {"routing_key": key, "event_action": "trigger", "dedup_key": "d", "payload": payload}
        return self.client.post("/v2/enqueue", json=event)

    def inject(self, **fault: Any) -> TestResponse:
        """Switch a fault on, for a minute if nothing else is said."""
        return self.client.post(PATH, json={"seconds": 60, **fault}, headers=BEARER)

    @property
    def written(self) -> int:
        """Lines in the file."""
        return len(self.path.read_text().splitlines()) if self.path.exists() else 0

    def counted(self, result: str) -> float:
        """Events with this result."""
        text = self.client.get("/metrics").get_data(as_text=True)
        line = next(each for each in text.splitlines() if f'result="{result}"' in each)
        return float(line.split()[-1])


@pytest.fixture
def standin(tmp_path: Path) -> Standin:
    """One that takes faults, and three events a minute with each key."""
    return Standin(tmp_path / "events.jsonl")


def test_more_events_than_the_limit_are_429(standin: Standin) -> None:
    """Counted for each key over the last 60 seconds; what was refused does not count."""
    assert [standin.send().status_code for _ in range(5)] == [202, 202, 202, 429, 429]
    assert standin.send("b" * 32).status_code == 202
    standin.now += 59.9
    assert standin.send().status_code == 429
    standin.now += 0.1
    assert [standin.send().status_code for _ in range(4)] == [202, 202, 202, 429]
    assert (standin.written, standin.counted("limited")) == (7, 4)


def test_a_429_says_so_in_pagerdutys_words(standin: Standin) -> None:
    """And in its shape."""
    standin.inject(fault="rate-limit")
    answer = standin.send()
    assert answer.status_code == 429
    assert answer.get_json()["message"] == "Request Limit Exceeded"


def test_a_lower_limit_can_be_asked_for(standin: Standin) -> None:
    """So many a minute while the fault is on."""
    standin.inject(fault="rate-limit", events_per_minute=1)
    assert [standin.send().status_code for _ in range(2)] == [202, 429]
    standin.client.delete(PATH, headers=BEARER)
    assert standin.send().status_code == 202


@pytest.mark.parametrize(("fault", "status"), [({}, 500), ({"status": 502}, 502)])
def test_errors_answer_5xx_and_write_nothing(standin: Standin, fault: dict[str, Any], status: int) -> None:
    """Until their time is over."""
    standin.inject(fault="errors", **fault)
    assert standin.send().status_code == status
    standin.now += 60
    assert standin.send().status_code == 202
    assert (standin.written, standin.counted("failed")) == (1, 1)


def test_a_dropped_event_is_written_nowhere(standin: Standin) -> None:
    """Nobody has an answer to it (test_pagerduty_running.py has the connection)."""
    standin.inject(fault="drop")
    assert standin.send().status_code == 500
    assert (standin.written, standin.counted("failed")) == (0, 1)


def test_a_slow_event_is_taken_late(standin: Standin) -> None:
    """After as many seconds as were asked for."""
    standin.inject(fault="slow", delay_seconds=2.5)
    assert standin.send().status_code == 202
    assert standin.slept == [2.5]


def test_faults_add_up(standin: Standin) -> None:
    """A slow event can fail too."""
    standin.inject(fault="slow")
    standin.inject(fault="errors")
    assert standin.send().status_code == 500
    assert standin.slept == [5.0]


def test_the_contract_is_that_of_the_services(standin: Standin) -> None:
    """201 and 200 with what is on and how long still, 204 when all is off; the page says it too."""
    answer = standin.inject(fault="errors", share=0.5)
    expected = {"fault": "errors", "share": 0.5, "status": 500, "seconds_left": 60.0}
    assert (answer.status_code, answer.get_json()) == (201, {"faults": [expected]})
    standin.now += 20
    assert standin.client.get(PATH, headers=BEARER).get_json() == {"faults": [{**expected, "seconds_left": 40.0}]}
    assert "errors for 50 % of events, for 40 s more" in standin.client.get("/").get_data(as_text=True)
    assert standin.client.delete(PATH, headers=BEARER).status_code == 204
    assert standin.client.get(PATH, headers=BEARER).get_json() == {"faults": []}


def test_one_of_each_kind_is_on(standin: Standin) -> None:
    """The newest."""
    standin.inject(fault="errors", share=1.0)
    standin.inject(fault="errors", share=0.0)
    assert standin.send().status_code == 202


@pytest.mark.parametrize(
    ("body", "pointer", "said"),
    [
        pytest.param({"fault": "errors", "seconds": 901}, "#/seconds", "900", id="longer than 900 s"),
        pytest.param({"fault": "errors", "seconds": 0}, "#/seconds", "1", id="no time"),
        pytest.param({"fault": "errors"}, "#/seconds", "required", id="no end"),
        pytest.param({"fault": "errors", "seconds": 1, "share": 1.1}, "#/share", "1", id="more than all"),
        pytest.param({"fault": "slow", "seconds": 1, "delay_seconds": 31}, "#/delay_seconds", "30", id="too slow"),
        pytest.param({"fault": "errors", "seconds": 1, "status": 404}, "#/status", "500", id="no 5xx"),
        pytest.param({"fault": "drop", "seconds": 1, "x": 1}, "#/x", "not permitted", id="unknown member"),
        pytest.param({"fault": "latency", "seconds": 1}, "#", "'rate-limit', 'errors', 'slow', 'drop'", id="unknown"),
        pytest.param([], "#", "object", id="no object"),
    ],
)
def test_a_fault_that_there_is_not_is_422(standin: Standin, body: Any, pointer: str, said: str) -> None:
    """With its place and what was expected; nothing is switched on."""
    answer = standin.client.post(PATH, json=body, headers=BEARER)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    (found,) = answer.get_json()["errors"]
    assert found["pointer"] == pointer
    assert said in found["detail"]
    assert standin.send().status_code == 202


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic dG9rZW4=", "Bearer tök"])
def test_without_the_token_nothing_is_shown_or_done(standin: Standin, method: str, header: str | None) -> None:
    """401, which says how to ask."""
    headers = {} if header is None else {"Authorization": header}
    answer = standin.client.open(PATH, method=method, headers=headers, json={"fault": "errors", "seconds": 9})
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_body_that_is_no_json_is_refused(standin: Standin) -> None:
    """415 by its type, 400 by its content."""
    assert standin.client.post(PATH, data="fault=errors", headers=BEARER).status_code == 415
    answer = standin.client.post(PATH, data="{", content_type="application/json", headers=BEARER)
    assert answer.status_code == 400


def test_without_a_configured_token_there_are_no_faults(tmp_path: Path) -> None:
    """404: nothing hints at them."""
    standin = Standin(tmp_path / "events.jsonl", token="")
    assert standin.client.get(PATH, headers={"Authorization": "Bearer "}).status_code == 404


def test_a_share_is_drawn_for_each_event() -> None:
    """Below the share it strikes, at it it does not."""
    drawn = iter([0.0, 0.49, 0.5, 0.99])
    board = FaultBoard(clock=lambda: 0.0, random=lambda: next(drawn))
    board.inject(ErrorsFault(fault="errors", share=0.5, seconds=1))
    assert [board.strikes(ErrorsFault) is not None for _ in range(4)] == [True, True, False, False]
