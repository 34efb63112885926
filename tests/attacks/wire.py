"""Bytes as an attacker writes them: whatever no HTTP client would send, and what comes back for it."""

import contextlib
import re
import socket
from collections.abc import Iterator

HOST = "127.0.0.1"
# Loopback answers in milliseconds; a connection that says nothing for so long has nothing more to say.
QUIET_SECONDS = 1.0
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) ")


def send(port: int, data: bytes, *, quiet: float = QUIET_SECONDS) -> bytes:
    """Everything that *port* answers to *data*, until it closes or has been quiet for *quiet* seconds."""
    found = b""
    with contextlib.suppress(TimeoutError, ConnectionError), socket.create_connection((HOST, port), quiet) as client:
        client.sendall(data)
        while chunk := client.recv(65_536):
            found += chunk
    return found


def statuses(answered: bytes) -> list[int]:
    """The status of each answer in *answered*; an interim one (100) is none."""
    return [int(each) for each in _STATUS_LINE.findall(answered) if each != b"100"]


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request of exactly these lines: nothing is added but Host, and nothing is checked."""
    lines = (f"{method} {target} HTTP/1.1", "Host: shop", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


@contextlib.contextmanager
def held_open(port: int, data: bytes, count: int) -> Iterator[None]:
    """*count* connections to *port* that have sent *data*, and then nothing more."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(socket.create_connection((HOST, port), 5)).sendall(data)
        yield
