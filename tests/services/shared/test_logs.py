"""Log lines: JSON, one an event, traceable to their request, silent about people."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest

from services.shared import logs, request_id


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where root's lines go, formatted as a service's; the logging of the test run is put back afterwards."""
    captured, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(captured)
    handler.setFormatter(logs.Formatter(service="toy"))
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield captured
    root.removeHandler(handler)
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict]:
    """What was written, parsed."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_is_one_line_with_its_id(toy, stream) -> None:
    """The line says what was asked, how it ended and how long it took."""
    headers = {"X-Request-Id": "r-7", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}
    toy.client.get("/things/a", headers=headers)
    (line,) = lines(stream)
    assert line.pop("timestamp").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "services.request",
        "message": "request",
        "service": "toy",
        "request_id": "r-7",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "http_request_method": "GET",
        "http_route": "/things/<name>",
        "http_response_status_code": 200,
        "traffic": "user",
        "duration_ms": pytest.approx(200),
    }


def test_a_failure_is_an_error_with_its_traceback(toy, stream) -> None:
    """A 500 leaves the exception and the request, tied together by the id."""
    toy.client.get("/things/broken")
    raised, request = lines(stream)
    assert "RuntimeError: secret-detail" in raised["exc_info"]
    assert (request["level"], request["http_response_status_code"]) == ("ERROR", 500)
    assert raised["request_id"] == request["request_id"]


def test_nothing_that_names_a_person_is_logged(toy, stream) -> None:
    """Paths, query strings, header values, bodies and addresses stay out."""
    toy.client.post(
        "/things?mail=ada@example.com",
        json={"text": 1, "4111111111111111": True},
        headers={"Authorization": "Bearer hunter2", "Cookie": "session=hunter2", "User-Agent": "agent-x"},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    toy.client.get("/made-up/ada@example.com")
    written = stream.getvalue()
    secrets = ("ada@", "example.com", "hunter2", "4111", "agent-x", "203.0.113.9")
    assert [secret for secret in secrets if secret in written] == []
    assert len(lines(stream)) == 2


def test_a_line_end_in_a_value_makes_no_new_line(stream) -> None:
    """A forged log line stays inside the text that it came in."""
    logging.getLogger("test").info('x\r\n{"level": "INFO", "message": "forged"}')
    (line,) = lines(stream)
    assert line["message"].startswith("x\r\n")


def test_what_looks_like_a_secret_is_taken_out(stream) -> None:
    """In the message, its arguments, extras at any depth and their names, and in a traceback."""
    try:
        raise ValueError("card 4111 1111 1111 1111")
    except ValueError:
        extra = {"who": {"mail": ["ada@example.com"]}, "password": "hunter2", "number": 4111111111111111}
        logging.getLogger("test").exception("Bearer %s", "abc.def", extra=extra)
    (line,) = lines(stream)
    assert "[redacted]" in line["exc_info"]
    assert (line["message"], line["password"], line["number"]) == ("Bearer [redacted]", *["[redacted]"] * 2)
    assert line["who"] == {"mail": ["[redacted]"]}
    written = stream.getvalue()
    assert [secret for secret in ("4111", "ada@", "hunter2", "abc.def") if secret in written] == []


def test_the_limiter_writes_no_addresses() -> None:
    """Its own line on whom it has limited stays out."""
    assert logs.settings("info")["loggers"]["flask-limiter"] == {"level": "WARNING"}


def test_outside_a_request_there_is_no_id(stream) -> None:
    """Start and stop messages have none."""
    assert request_id.current.get() is None
    logging.getLogger("test").info("starting")
    assert {"request_id", "trace_id"}.isdisjoint(lines(stream)[0])
