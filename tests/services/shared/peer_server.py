"""A small HTTP server on a real socket that does to its callers what services in trouble do."""

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


@dataclass(frozen=True)
class Seen:
    """A request as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Script:
    """What the server does next: one behaviour a request, the last one for all that follow."""

    behaviours: list[Behaviour] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Takes the request, notes it, and behaves as the script says."""

    protocol_version = "HTTP/1.1"
    script: Script
    released: threading.Event

    def take(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.seen.append(Seen(self.command, self.path, headers, body))
        behaviours = self.script.behaviours
        behave = behaviours.pop(0) if len(behaviours) > 1 else behaviours[0]
        # A caller that has given up has closed its end.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            behave(self)

    do_GET = do_POST = do_PUT = do_DELETE = take  # noqa: N815  # the names are the base's

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """Takes as many connections at once as a test makes."""

    request_queue_size = 64
    daemon_threads = True


class PeerServer:
    """The server. Without a script it answers 200 `{}`."""

    def __init__(self) -> None:
        self.script = Script([answers(200, {})])
        released = threading.Event()
        handler = type("Scripted", (Handler,), {"script": self.script, "released": released})
        self._released = released
        self._server = Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def seen(self) -> list[Seen]:
        """What has arrived so far."""
        return self.script.seen

    def will(self, *behaviours: Behaviour) -> None:
        """Do these, a request each; the last for every request from then on."""
        self.script.behaviours[:] = behaviours

    def __enter__(self) -> "PeerServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


def answers(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    """Answer; *body* as JSON, or as it is where it is bytes."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    return behave


def stalls(handler: Handler) -> None:
    """Take the request and never answer."""
    handler.released.wait(10)
    handler.close_connection = True


def resets(handler: Handler) -> None:
    """Take the request and break the connection."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def breaks_off(handler: Handler) -> None:
    """Announce more than is sent."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"half":')
    handler.wfile.flush()
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def drips(handler: Handler) -> None:
    """Send the body a byte at a time, each in time, all of them too late."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.03)


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
