"""Probes and load at whoever answers in the shop's place: what they send is read so far, and shown as text alone."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.synthetics.runs import load, report, said
from tests.synthetics.test_probe import probe, running

Send = Callable[[socket.socket], None]
MAX_BODY_BYTES = 4 * 2**20  # of synthetics.shopper, which patches the sockets of whoever imports it
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
PIECE = b"x" * 65536
# Clears the screen, sets the window's title, turns the direction of writing; and half a character, which no file holds.
NASTY = "\x1b[2J\x1b]0;owned\x07 \u202e \ud800"


@contextlib.contextmanager
def answering(send: Send) -> Iterator[str]:
    """Whoever connects is read once and sent to; then the connection ends."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            send(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


def with_an_error(connection: socket.socket) -> None:
    """An error that goes on and on."""
    connection.sendall(b"HTTP/1.1 500 Oops\r\n\r\n")
    while True:
        connection.sendall(PIECE)


def without_end(connection: socket.socket) -> None:
    """A page that goes on and on."""
    connection.sendall(OK + b"\r\n<h1>")
    while True:
        connection.sendall(PIECE)


def bomb(connection: socket.socket) -> None:
    """A gigabyte of nothing, packed into a megabyte."""
    body = gzip.compress(bytes(1 << 24)) * 64
    connection.sendall(OK + f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def of_bytes(answer: bytes) -> Send:
    """That, and no more."""
    return lambda connection: connection.sendall(answer)


def listing(category: str) -> Send:
    """Lists of products: whoever asks for those of the category that is in the first is told of *category*."""
    categories = itertools.cycle(("coffee", category))

    def send(connection: socket.socket) -> None:
        named = {"name": "A", "category": next(categories), "price": {"minor_units": 1, "currency": "EUR"}}
        body = json.dumps({"items": [{"sku": "A-1", **named}, {"sku": "A-2", **named}]}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)

    return send


@pytest.mark.parametrize(
    ("send", "why"),
    [
        pytest.param(without_end, f"more than {MAX_BODY_BYTES} bytes", id="a page without an end"),
        pytest.param(with_an_error, "status 500, expected 200", id="an error that is told without an end"),
        pytest.param(bomb, "content encoding 'gzip'", id="a page that would unpack to a gigabyte"),
    ],
)
def test_an_answer_is_read_so_far_and_no_further(send: Send, why: str) -> None:
    """The process stays as small as it is, whatever it is sent; the attempt has failed, and says why."""
    with answering(send) as host, running("--every", "4s", "--journey", "browse", host=host) as probes:
        probes.until("journey_attempts_total", 2, outcome="failed")
        size = psutil.Process(probes.child().pid).memory_info().rss
        probes.process.terminate()
        output = probes.process.communicate(timeout=10)[0]
    assert size < 110 * 2**20
    assert why in json.loads(output.splitlines()[0])["error"]


@pytest.mark.parametrize(
    "send",
    [
        pytest.param(of_bytes(b""), id="nothing"),
        pytest.param(of_bytes(bytes(range(256)) * 8), id="no HTTP at all"),
        pytest.param(of_bytes(OK + b"Content-Length: 9999\r\n\r\n<h1>"), id="a page that breaks off"),
        pytest.param(of_bytes(OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"), id="two lengths"),
        pytest.param(of_bytes(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"), id="a chunk without a length"),
        pytest.param(of_bytes(OK.replace(b"html", b"html; charset=no-such") + b"\r\n<h1>"), id="an unknown charset"),
        pytest.param(of_bytes(OK + b"Content-Encoding: rot13\r\n\r\nuryyb"), id="an unknown encoding"),
        pytest.param(of_bytes(OK + b"\r\n\xff\xfe\xfa"), id="a page that is no text"),
        pytest.param(listing(NASTY), id="somebody else's answer"),
    ],
)
def test_garbage_is_a_failed_attempt(send: Send) -> None:
    """Each journey ends, by itself, and says why in a line without what would do something to a terminal."""
    with answering(send) as host:
        done = probe("--once", "--every", "20s", "--journey", "browse", "--journey", "search", host=host)
    assert done.returncode == 1, done.stderr
    assert [line.split()[:2] for line in done.stdout.splitlines()] == [["browse", "failed"], ["search", "failed"]]
    assert done.stderr == ""


def test_what_a_shop_calls_its_things_is_shown_as_text(tmp_path: Path) -> None:
    """On a terminal and in all three reports, which are there: no control character, and no half of one."""
    with answering(listing(NASTY)) as host:
        options = ("--users", "1", "--rate", "20/s", "--for", "2", "--report", str(tmp_path), "--traffic", "user")
        run = load("--host", host, *options)
    assert run.returncode == 1, said(run)
    assert "Traceback" not in said(run)
    texts = [(tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.json", "junit.xml")]
    for text in (said(run), *texts):
        assert all(each.isprintable() or each == "\n" for each in text)
    errors = report(tmp_path)["book"]["errors"]
    assert any("asked for category coffee, got ?[2J?]0;owned? ? ? too" in error for error in errors), errors
