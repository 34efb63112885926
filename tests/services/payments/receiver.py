"""Whoever gets webhooks: a real server on a real socket, that checks each by the words of the specification."""

import contextlib
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "a-key-for-webhooks-of-tests"


@dataclass
class Receiver:
    """What has come so far. answer: the status for an event."""

    port: int = 0
    answer: Callable[[dict[str, Any]], int] = lambda event: 204
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/api/v1/webhooks/payments"

    def types(self, reference: str | None = None) -> list[str]:
        """The types of what has come, of one *reference* or of all."""
        return [each["type"] for each in self.got if reference in (None, each["data"]["reference"])]


def is_signed(headers: dict[str, str], body: bytes, *, now: float, key: str = KEY) -> bool:
    """Whether the header says what `t=<unix>,v1=<hex hmac-sha256 of "t.body">` should, not older than 300 seconds."""
    at, _, mac = headers["tillwatch-signature"].removeprefix("t=").partition(",v1=")
    wanted = hmac.new(key.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return mac == wanted and abs(now - int(at)) <= 300


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def receiving(receiver: Receiver | None = None) -> Iterator[Receiver]:
    """*receiver*, or a new one, listening; on its port, where it has one already."""
    kept = receiver or Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            event = json.loads(body)
            kept.got.append(event)
            kept.bodies.append(body)
            kept.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(kept.answer(event))
            self.send_header("Location", kept.url)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", kept.port), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
