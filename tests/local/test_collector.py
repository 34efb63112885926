"""The collector keeps spans as a service sends them, and nothing else; nobody holds it, and a kill costs nothing."""

import contextlib
import gzip
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from local import collector
from local.collector import MOST_BYTES, MOST_CONNECTIONS, file_collector
from local.otlp_body import BodyRefused, unpacked
from local.server import free_ports
from local.settings import ROOT
from local.traces import NAME, find_trace
from services.shared import tracing as traces
from services.shared.config import Config
from services.shared.otlp import OtlpTracing

TYPE = {"Content-Type": "application/x-protobuf"}


def send_span(address: str, name: str = "OrderConfirmed", service: str = "orders") -> str:
    """Send one span as *service* does; returns its trace's id."""
    tracing = OtlpTracing.to_endpoint(Config(service=service, otlp_endpoint=address))
    with tracing.handling(name, None):
        found = traces.current.get()
        assert found is not None
    tracing.close()
    return found.trace_id


def length_delimited(tag: int, body: bytes) -> bytes:
    """A field of a protobuf message."""
    size, left = b"", len(body)
    while left > 127:
        size, left = size + bytes([left & 127 | 128]), left >> 7
    return bytes([tag]) + size + bytes([left]) + body


def batch_of(spans: int) -> bytes:
    """So many empty spans."""
    return length_delimited(0x0A, length_delimited(0x12, b"\x12\x00" * spans))


def post(address: str, body: bytes, headers: dict[str, str], path: str = "/v1/traces") -> int:
    """The status that *body* is answered with."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
    with contextlib.closing(connection):
        connection.request("POST", path, body=body, headers=headers)
        return connection.getresponse().status


def opened(address: str) -> socket.socket:
    """A connection of one's own."""
    found = urlsplit(address)
    return socket.create_connection((found.hostname or "", found.port or 0), timeout=5)


def drip(sender: socket.socket, *, seconds: float) -> None:
    """Send a byte now and then."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        sender.sendall(b"x")
        time.sleep(0.05)


def test_spans_are_kept_a_batch_a_line(tmp_path: Path) -> None:
    """In OTLP's own JSON form, with the service that they are of, from two senders."""
    with file_collector(tmp_path / NAME) as address:
        ids = [send_span(address, service=service) for service in ("orders", "users")]
    found = [json.loads(line)["resourceSpans"][0] for line in (tmp_path / NAME).read_text().splitlines()]
    assert [each["resource"]["attributes"][-2]["value"] for each in found] == [
        {"stringValue": "orders"},
        {"stringValue": "users"},
    ]
    spans = [each["scopeSpans"][0]["spans"][0] for each in found]
    assert [(each["traceId"], each["name"], each["kind"]) for each in spans] == [
        (trace_id, "OrderConfirmed", 5) for trace_id in ids
    ]
    assert [span.service for span in find_trace(tmp_path, ids[1])] == ["users"]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param(b"\xff\xff", TYPE, 400, id="no batch"),
        pytest.param(b"{}", {"Content-Type": "application/json"}, 415, id="JSON"),
        pytest.param(batch_of(1), {}, 415, id="no type, as from a page in a browser"),
        pytest.param(gzip.compress(bytes(2**28)), {**TYPE, "Content-Encoding": "gzip"}, 413, id="gzip bomb"),
        pytest.param(gzip.compress(batch_of(9))[:-9], {**TYPE, "Content-Encoding": "gzip"}, 400, id="torn gzip"),
        pytest.param(gzip.compress(batch_of(1)) * 2, {**TYPE, "Content-Encoding": "gzip"}, 400, id="gzip and more"),
        pytest.param(batch_of(1), {**TYPE, "Content-Encoding": "gzip"}, 400, id="not gzip"),
        pytest.param(batch_of(1), {**TYPE, "Content-Encoding": "br"}, 415, id="unknown encoding"),
        pytest.param(bytes(MOST_BYTES + 1), TYPE, 413, id="too long"),
        pytest.param(b"", {**TYPE, "Content-Length": "9" * 5000}, 413, id="a length beyond numbers"),
        pytest.param(b"", {**TYPE, "Content-Length": "-1"}, 411, id="a length below zero"),
        pytest.param(b"", {**TYPE, "Transfer-Encoding": "chunked"}, 411, id="no length"),
        pytest.param(b"", TYPE, 200, id="an empty batch"),
    ],
)
def test_what_is_no_batch_is_refused_and_leaves_nothing(
    tmp_path: Path, body: bytes, headers: dict[str, str], status: int
) -> None:
    """And the next batch is taken."""
    with file_collector(tmp_path / NAME) as address:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read what it refuses
            assert post(address, body, headers) == status
        assert not (tmp_path / NAME).exists()
        assert find_trace(tmp_path, send_span(address))


def test_a_bomb_is_never_unpacked_beyond_the_bound() -> None:
    """256 MiB of zeros cost less than one."""
    bomb = gzip.compress(bytes(2**28))
    tracemalloc.start()
    try:
        with pytest.raises(BodyRefused):
            unpacked(bomb, "gzip", most_bytes=1000)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes), ("", bytes)]
)
def test_packed_batches_are_taken(tmp_path: Path, encoding: str, pack: Callable[[bytes], bytes]) -> None:
    """In both ways that OTLP's senders know."""
    with file_collector(tmp_path / NAME) as address:
        assert post(address, pack(batch_of(3)), {**TYPE, "Content-Encoding": encoding}) == 200
    assert len((tmp_path / NAME).read_text().splitlines()) == 1


def test_other_paths_are_not_there(tmp_path: Path) -> None:
    """Neither logs nor metrics are taken; /livez answers."""
    with file_collector(tmp_path / NAME) as address:
        assert post(address, b"", TYPE, "/v1/logs") == 404
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=5)
        with contextlib.closing(connection):
            for path, status in (("/livez", 200), ("/", 404)):
                connection.request("GET", path)
                answer = connection.getresponse()
                answer.read()
                assert answer.status == status


def test_a_sender_that_stops_in_the_middle_leaves_nothing(tmp_path: Path) -> None:
    """What came is a whole batch by itself, and still not what was meant."""
    body = batch_of(1)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nContent-Type: {TYPE['Content-Type']}\r\nContent-Length: {len(body) + 9}\r\n\r\n"
    )
    with file_collector(tmp_path / NAME) as address:
        with opened(address) as sender:
            sender.sendall(head.encode() + body)
            sender.shutdown(socket.SHUT_WR)
            assert sender.recv(100) == b""
        assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("drips", [True, False])
def test_a_slow_sender_is_left_while_others_are_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drips: bool
) -> None:
    """Whether it drips or is silent: the time is that of the request, not of a byte."""
    monkeypatch.setattr(collector, "REQUEST_SECONDS", 0.5)
    with file_collector(tmp_path / NAME) as address, opened(address) as slow:
        slow.sendall(b"POST /v1/traces HTTP/1.1\r\nContent-Type: application/x-protobuf\r\nContent-Length: 900\r\n\r\n")
        began = time.monotonic()
        assert find_trace(tmp_path, send_span(address))
        if drips:
            with pytest.raises(OSError, match=r"Broken pipe|reset"):
                drip(slow, seconds=5)
        else:
            assert slow.recv(1) == b""
        assert time.monotonic() < began + 3


def test_so_many_connections_and_no_more(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    """One too many is closed at once; a place that is free again is given away."""
    with file_collector(tmp_path / NAME) as address, contextlib.ExitStack() as stack:
        held = [stack.enter_context(opened(address)) for _ in range(MOST_CONNECTIONS)]
        with opened(address) as refused:
            assert refused.recv(1) == b""
        held[0].close()

        def answered() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return post(address, b"", TYPE) == 200
            return False

        wait_for(answered, 5)


def test_a_full_disk_is_said_once_and_the_batch_asked_for_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """503 while it is full; once it is not, spans are kept, and that is said, too."""
    (tmp_path / NAME).symlink_to("/dev/full")
    with file_collector(tmp_path / NAME) as address:
        assert [post(address, batch_of(1), TYPE) for _ in range(3)] == [503] * 3
        (tmp_path / NAME).unlink()
        assert find_trace(tmp_path, send_span(address))
    assert [record.getMessage() for record in caplog.records if record.name == "local.collector"] == [
        "spans cannot be kept: No space left on device",
        "spans are kept again",
    ]


@contextlib.contextmanager
def running(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The collector as the platform starts it."""
    command = [sys.executable, "-m", "local.collector", f"--port={port}", f"--folder={folder}"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


def is_live(port: int) -> bool:
    """Whether a collector answers there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    with contextlib.closing(connection), contextlib.suppress(OSError):
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    return False


def proportional_memory(pid: int) -> int:
    """PSS in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def test_a_kill_costs_no_span_that_was_taken(tmp_path: Path, wait_for: Callable[..., None]) -> None:
    """Killed and started again on the same folder and port, it goes on; SIGTERM ends it in order and at once."""
    port = free_ports("collector")["collector"]
    ids = []
    for end, code in ((signal.SIGKILL, -signal.SIGKILL), (signal.SIGTERM, 0)):
        with running(tmp_path, port) as process:
            wait_for(lambda: is_live(port), 15)
            ids.append(send_span(f"http://127.0.0.1:{port}"))
            assert proportional_memory(process.pid) < 50 * 2**20
            os.kill(process.pid, end)
            assert process.wait(5) == code
    assert [len(find_trace(tmp_path, each)) for each in ids] == [1, 1]


def test_a_taken_port_is_said(tmp_path: Path, taken_port: int) -> None:
    """In one line, and it ends."""
    with running(tmp_path, taken_port) as process:
        _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (1, f"collector: port {taken_port}: Address already in use\n".encode())
