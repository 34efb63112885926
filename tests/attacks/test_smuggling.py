"""Two readings of where one request ends and the next begins, and other bytes that no HTTP client sends."""

import pytest

from tests.attacks.attacker import Attacker
from tests.attacks.wire import request, send, statuses

SMUGGLING = "request smuggling"
# What the second reading would send: it must never be answered.
HIDDEN = b"GET /api/v1/hidden HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n"
JSON = "Content-Type: application/json"
CHUNKED = "Transfer-Encoding: chunked"
NO_LENGTHS = ["+4", "-4", "0x4", "4, 4", "4;4", "4 4", "٤", "4.0", "1e1", ""]


def ask(attacker: Attacker, *headers: str, body: bytes) -> list[int]:
    """The statuses that a new cart with these headers and this body gets; each must close the connection."""
    token = attacker.bearer("orders")["Authorization"]
    return statuses(
        send(attacker.port("orders"), request("POST", "/api/v1/carts", f"Authorization: {token}", *headers, body=body))
    )


@pytest.mark.attack(SMUGGLING)
@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 4", CHUNKED),
        (CHUNKED, "Content-Length: 4"),
        ("Content-Length: 2", f"Content-Length: {len(HIDDEN)}"),
        ("Content-Length: 2", "Content-Length: 2"),
        (CHUNKED, CHUNKED),
        ("Transfer-Encoding: chunked, identity",),
        ("Transfer-Encoding: identity, chunked", "Content-Length: 4"),
        ("Transfer-Encoding: xchunked",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding : chunked",),
        ("Transfer-Encoding:\x0bchunked",),
        ("Transfer-Encoding: \x00chunked",),
        ("X: a\r\n Transfer-Encoding: chunked",),
        ("X: a\nTransfer-Encoding: chunked",),
        ("X: a\rTransfer-Encoding: chunked",),
        (" Transfer-Encoding: chunked",),
        ("Transfer-Encoding\r: chunked",),
    ],
)
def test_two_lengths(attacker: Attacker, headers: tuple[str, ...]) -> None:
    """Content-Length and Transfer-Encoding, either twice, folded, misspelt. One refusal, no second answer."""
    (status,) = ask(attacker, JSON, *headers, body=b"0\r\n\r\n" + HIDDEN)
    assert status in (400, 501)


@pytest.mark.attack(SMUGGLING)
@pytest.mark.parametrize("length", NO_LENGTHS)
def test_a_length_that_is_no_number(attacker: Attacker, length: str) -> None:
    """A Content-Length with a sign, in hexadecimal, as a list, in other digits, empty. One 400."""
    sent = f"Content-Length: {length}".encode().decode("latin-1")
    assert ask(attacker, JSON, sent, body=b"{}{}" + HIDDEN) == [400]


@pytest.mark.attack(SMUGGLING)
@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"+2\r\n{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"2 \r\n{}\r\n0\r\n\r\n",
        b"2\n{}\n0\n\n\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2\r\n{}0\r\n\r\n",
        b"2;\x00\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}\r\n0\r\nContent-Length: 40\r\n\r\n",
        b"2\r\n{}\r\n0\r\nX: a\nY: b\r\n\r\n",
    ],
)
def test_a_broken_chunk(attacker: Attacker, body: bytes) -> None:
    """Chunks with a sign, bare line ends, no end, trailers that change the request. One 4xx: no fault of ours."""
    (status,) = ask(attacker, JSON, CHUNKED, body=body + HIDDEN)
    assert 400 <= status < 500


@pytest.mark.attack(SMUGGLING)
@pytest.mark.parametrize("body", [b"zz\r\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n"])
def test_a_strangers_broken_chunk(attacker: Attacker, body: bytes) -> None:
    """The same without a token, to the webhooks, whose body is read before its signature is known. One 4xx."""
    sent = request("POST", "/api/v1/webhooks/payments", JSON, CHUNKED, body=body + HIDDEN)
    (status,) = statuses(send(attacker.port("orders"), sent))
    assert 400 <= status < 500


@pytest.mark.attack(SMUGGLING)
def test_a_refused_body_is_no_request(attacker: Attacker) -> None:
    """A body that is a request itself, to a route that answers before it reads it. One answer."""
    headers = (JSON, f"Content-Length: {len(HIDDEN)}")
    for target, wanted in (("/api/v1/orders", 401), ("/api/v1/nothing", 404)):
        assert statuses(send(attacker.port("orders"), request("POST", target, *headers, body=HIDDEN))) == [wanted]
    headers = (JSON, "Content-Length: 70000")
    assert ask(attacker, *headers, body=b" " * 70_000 + HIDDEN) == [413]


@pytest.mark.attack(SMUGGLING)
@pytest.mark.parametrize(
    "line",
    [
        b"GET /livez",
        b"GET /livez HTTP/2.0",
        b"GET /livez HTTP/1.1 HTTP/1.1",
        b"GET\t/livez\tHTTP/1.1",
        b"GET  /livez HTTP/1.1",
        b"get /livez HTTP/1.1",
        b"G\x00T /livez HTTP/1.1",
        b"GET /livez\x00 HTTP/1.1",
        b"GET /liv\xc3\xa9z HTTP/1.1",
        b"GET livez HTTP/1.1",
        b"PRI * HTTP/2.0",
        b"GET /livez HTTP/1.1\r\nHost: evil.example",
        b"GET /livez HTTP/1.1\r\nX-\xc3\xa9: a",
        b"GET /livez HTTP/1.1\r\nX-A: a\x00b",
        b"GET /livez HTTP/1.1\r\nno colon",
        b"GET /livez HTTP/1.1\r\n: no name",
    ],
)
def test_a_line_that_is_none(attacker: Attacker, line: bytes) -> None:
    """Request lines and headers that are none, a second Host, HTTP/0.9 and 2. One refusal, that repeats no more."""
    answered = send(attacker.port("catalog"), line + b"\r\nHost: shop\r\n\r\n" + HIDDEN)
    (status,) = statuses(answered)
    assert 400 <= status < 506
    assert b"hidden" not in answered


@pytest.mark.attack(SMUGGLING)
def test_no_other_protocol_is_spoken(attacker: Attacker) -> None:
    """An upgrade to HTTP/2 or to a web socket, past whatever reads HTTP/1. HTTP/1.1 goes on, be it with 400."""
    for offered in (("Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"), ("Upgrade: websocket",)):
        sent = request("GET", "/livez", "Connection: Upgrade, HTTP2-Settings", *offered)
        assert statuses(send(attacker.port("catalog"), sent + HIDDEN)) in ([200, 404], [400, 404], [400])


@pytest.mark.attack(SMUGGLING)
def test_a_header_with_another_line(attacker: Attacker) -> None:
    """`X_Forwarded_For` for `X-Forwarded-For`, as environments cannot tell them apart. It is dropped."""
    token = attacker.bearer("orders")["Authorization"]
    sent = request("GET", "/api/v1/orders", f"Authorization_: {token}", "HTTP_AUTHORIZATION: x", "Connection: close")
    assert statuses(send(attacker.port("orders"), sent)) == [401]
