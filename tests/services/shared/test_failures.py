"""What goes wrong beside a service is 503, with a word on when to come again, and no bug of its own."""

import json
import logging

import pytest

from services.shared.auth import public
from services.shared.errors import DatabaseUnavailable, DeadlineExceeded, PeerUnavailable, PeerUnknown


@pytest.fixture
def raising(make_toy):
    """A toy whose view raises what the test puts there."""
    raised: list[Exception] = []

    def add(blueprint, _) -> None:
        @blueprint.get("/fails")
        @public
        def fail() -> None:
            raise raised[0] from ConnectionError("postgresql://shop:hunter2@db-7/orders")

    toy = make_toy(add=add)
    return toy, raised


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (DatabaseUnavailable("no connection"), "1"),
        (PeerUnavailable("inventory: reserve: failed too often", retry_after_seconds=7), "7"),
        (PeerUnknown("inventory: reserve: no answer in time"), "1"),
        (DeadlineExceeded("over"), "1"),
    ],
)
def test_it_is_503_with_retry_after(raising, error: Exception, seconds: str) -> None:
    """A problem like any other, which says nothing of the inside."""
    toy, raised = raising
    raised.append(error)
    answer = toy.client.get("/fails")
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (503, "unavailable", seconds)
    assert answer.content_type == "application/problem+json"
    assert not [word for word in ("hunter2", "db-7", "inventory", "ConnectionError") if word in answer.text]


def test_the_log_says_why_in_one_line(raising, caplog: pytest.LogCaptureFixture) -> None:
    """Without a traceback: in an outage each request comes here."""
    toy, raised = raising
    raised.append(DatabaseUnavailable("no connection"))
    toy.client.get("/fails")
    (record,) = (record for record in caplog.records if record.message == "unavailable")
    assert (record.levelno, record.exc_info, record.error) == (logging.WARNING, None, "DatabaseUnavailable")
    assert record.cause.startswith("ConnectionError: postgresql://")
    json.dumps(record.cause)
