"""Servers that answer in JSON, and those that do not."""

import json
from collections.abc import Callable

import pytest

from budget.errors import QueryFailed, Unreachable
from budget.ops.alertmanager import Alertmanagers
from budget.ops.errors import NotAnswered, Refused
from budget.ops.incidents import Incidents
from budget.ops.peer import MOST_BYTES, Peer


def test_an_address_has_no_password_in_what_is_said(answering: Callable[[int, bytes], str]) -> None:
    """It is sent, and shown nowhere."""
    url = answering(500, b"oops")
    assert "hunter2" in url
    assert "hunter2" not in Peer(url).url
    with pytest.raises(Refused, match="answered 500: oops") as raised:
        Peer(url).ask("GET", "/")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["", "nothing", "ftp://a.example", "http://", "file:///etc/passwd"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValueError, match="expected an address such as"):
        Peer(url)


@pytest.mark.parametrize(
    ("status", "body", "error", "says"),
    [
        (200, b"<html>", QueryFailed, "without JSON"),
        (200, b"[" + b"1," * (MOST_BYTES // 2) + b"1]", QueryFailed, "more than 8 MiB"),
        (302, b"", Refused, "answered 302: no reason given"),
        (404, b'{"title": "Not found", "detail": "There is no incident 9."}', Refused, r"There is no incident 9\.$"),
        (422, b'{"title": "No", "errors": [{"share": "2"}]}', Refused, r'No \{"share": "2"\}$'),
        (400, b'"bad matcher"', Refused, "answered 400: bad matcher$"),
        (500, b"x" * 5000, Refused, "x{300}$"),
    ],
)
def test_an_answer_that_is_none_says_what_came(
    answering: Callable[[int, bytes], str], status: int, body: bytes, error: type[Exception], says: str
) -> None:
    """In a line."""
    with pytest.raises(error, match=says):
        Peer(answering(status, body)).ask("GET", "/")


def test_nobody_is_waited_for_long(silent_url: str, closed_url: str) -> None:
    """Neither where nothing listens nor where nobody answers."""
    for url in (silent_url, closed_url):
        with pytest.raises(Unreachable, match="does not answer"):
            Peer(url, timeout_seconds=0.2).ask("GET", "/")


def test_what_was_told_and_not_answered_may_have_been_done(silent_url: str, closed_url: str) -> None:
    """Where nothing listens it was not."""
    with pytest.raises(NotAnswered, match="was told and has not answered"):
        Peer(silent_url, timeout_seconds=0.2).ask("POST", "/")
    with pytest.raises(Unreachable, match="does not answer"):
        Peer(closed_url, timeout_seconds=0.2).ask("POST", "/")


@pytest.mark.parametrize("body", [b"{}", b"[1]", b'[{"labels": {}}]', b'"x"'])
def test_an_answer_of_another_shape_is_a_failure(answering: Callable[[int, bytes], str], body: bytes) -> None:
    """And never a page with half of it."""
    url = answering(200, body)
    with pytest.raises(QueryFailed, match="has not the shape"):
        Alertmanagers([url]).told()
    with pytest.raises(QueryFailed, match="has not the shape"):
        Incidents(url).open()


def test_an_incident_is_what_the_stand_in_says(answering: Callable[[int, bytes], str]) -> None:
    """The newest first."""
    row = {
        "number": 1,
        "status": "acknowledged",
        "alert": "A",
        "team": "t",
        "summary": "s",
        "severity": "critical",
        "created_at": "2033-05-18T03:33:20.000+00:00",
        "event": {"payload": {"class": "A", "component": "c", "group": "g"}},
    }
    newest, oldest = Incidents(answering(200, json.dumps({"incidents": [row, {**row, "number": 2}]}).encode())).open()
    assert (newest.number, oldest.number) == (2, 1)
    assert (oldest.alert, oldest.service, oldest.group, oldest.is_acknowledged) == ("A", "c", "g", True)
    assert oldest.since == 2_000_000_000
