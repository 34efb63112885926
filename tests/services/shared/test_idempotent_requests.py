"""services/shared/idempotent_requests.py: the header on real requests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from flask import Response, request
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from sqlalchemy import Connection, MetaData, text

from services.shared import idempotency, problems
from services.shared.database import Database, open_database
from services.shared.idempotency import Answer, Key
from services.shared.idempotent_requests import IdempotentRequests, Refused


class Effects:
    """Counts what the work has done, in the database that the key is in too."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def count(self) -> int:
        """Effects that were committed."""
        with self.database.reading() as connection:
            return int(connection.execute(text("SELECT COUNT(*) FROM effect")).scalar_one())


@pytest.fixture
def registry() -> CollectorRegistry:
    """Where the results are counted."""
    return CollectorRegistry()


@pytest.fixture
def effects(tmp_path: Path) -> Iterator[Effects]:
    """An SQLite database with keys and a table of effects."""
    database = open_database(f"sqlite:///{tmp_path / 'test.db'}")
    metadata = MetaData()
    idempotency.idempotency_table(metadata)
    with database.writing() as connection:
        metadata.create_all(connection)
        connection.execute(text("CREATE TABLE effect (at INTEGER)"))
    yield Effects(database)
    database.close()


@pytest.fixture
def client(effects: Effects, registry: CollectorRegistry) -> FlaskClient:
    """A client of a service with one route; the body's `fail` says how its work ends."""
    app = APIFlask("test")
    app.error_processor(problems.to_response)
    keyed = IdempotentRequests(effects.database, registry, now=lambda: 1_000.0)

    def work(connection: Connection) -> Answer:
        connection.execute(text("INSERT INTO effect VALUES (1)"))
        wish = request.get_json().get("fail")
        if wish == "refused":
            raise Refused(Answer(status=409, body={"code": "out_of_stock"}))
        if wish == "crash":
            raise ZeroDivisionError
        return Answer(status=201, body={"id": 1}, headers={"Location": "/things/1"})

    @app.post("/things")
    def create() -> Response:
        return keyed.once(principal=request.headers.get("X-Principal", "u-1"), route="POST /things", work=work)

    return app.test_client()


def test_the_second_request_gets_the_first_answer(client: FlaskClient, effects: Effects) -> None:
    """Same status, body and headers, marked as replayed; the effect is there once."""
    first, second = (client.post("/things", json={}, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, first.json, first.headers["Location"]) == (201, {"id": 1}, "/things/1")
    assert (second.status_code, second.json, second.headers["Location"]) == (201, {"id": 1}, "/things/1")
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert effects.count() == 1


@pytest.mark.parametrize(
    "sent", [None, "", "a b", "ä", "k" * 256], ids=["none", "empty", "a space", "an ä", "too long"]
)
def test_a_key_is_required(client: FlaskClient, effects: Effects, sent: str | None) -> None:
    """Without a usable key nothing is done: 400, with a code for programs."""
    headers = {} if sent is None else {"Idempotency-Key": sent}
    answer = client.post("/things", json={}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_required")
    assert effects.count() == 0


def test_another_body_is_refused(client: FlaskClient, effects: Effects) -> None:
    """The key of a done request with another body: 422, and nothing is done."""
    client.post("/things", json={}, headers={"Idempotency-Key": "k"})
    answer = client.post("/things", json={"a": 1}, headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")
    assert effects.count() == 1


def test_a_refusal_is_stored_without_its_effect(client: FlaskClient, effects: Effects) -> None:
    """A 409 that a repeat would get again is repeated from the store; what the work had begun is undone."""
    answers = [client.post("/things", json={"fail": "refused"}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert [answer.headers.get("Idempotent-Replayed") for answer in answers] == [None, "true"]
    assert [answer.mimetype for answer in answers] == ["application/problem+json"] * 2
    assert effects.count() == 0


def test_an_error_gives_the_key_back(client: FlaskClient, effects: Effects) -> None:
    """A 500 is not stored: the repeat does the work."""
    client.application.testing = False
    client.application.config["PROPAGATE_EXCEPTIONS"] = False
    failed = client.post("/things", json={"fail": "crash"}, headers={"Idempotency-Key": "k"})
    repeated = client.post("/things", json={}, headers={"Idempotency-Key": "k"})
    assert (failed.status_code, repeated.status_code) == (500, 201)
    assert effects.count() == 1


def test_a_key_that_is_being_answered_says_when_to_come_back(client: FlaskClient, effects: Effects) -> None:
    """409 with Retry-After in whole seconds."""
    key = Key.of(principal="u-1", route="POST /things", key="k", body=b"{}")
    with effects.database.writing() as connection:
        idempotency.claim(connection, key, now_ms=999_000)
    answer = client.post("/things", data=b"{}", content_type="application/json", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_in_use")
    assert answer.headers["Retry-After"] == "29"


def test_a_key_is_its_principals_own(client: FlaskClient, effects: Effects) -> None:
    """Two customers with one key are two requests."""
    for name in ("u-1", "u-2"):
        answer = client.post("/things", json={}, headers={"Idempotency-Key": "k", "X-Principal": name})
        assert answer.status_code == 201
    assert effects.count() == 2


def test_results_are_counted(client: FlaskClient, effects: Effects, registry: CollectorRegistry) -> None:
    """What a key turned out to be is a metric, at 0 from the start."""

    def count(result: str) -> float | None:
        return registry.get_sample_value("idempotency_requests_total", {"result": result})

    assert [count(result) for result in ("new", "replayed", "reused", "missing", "in_use", "resumed")] == [0.0] * 6
    client.post("/things", json={}, headers={"Idempotency-Key": "k"})
    client.post("/things", json={}, headers={"Idempotency-Key": "k"})
    client.post("/things", json={"a": 1}, headers={"Idempotency-Key": "k"})
    client.post("/things", json={})
    assert [count(result) for result in ("new", "replayed", "reused", "missing")] == [1.0, 1.0, 1.0, 1.0]
