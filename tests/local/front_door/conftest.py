"""A real front door, and small real servers behind it that answer with what they were asked."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from local.front_door import SERVICES, DoorSettings, FrontDoor, running_front_door

HOST = "127.0.0.1"
# So that no test meets a limit that it is not about.
WIDE = DoorSettings(requests_per_second=10_000, request_burst=10_000, sign_ins_per_second=10_000, sign_in_burst=10_000)


@dataclass
class Reply:
    """One answer; header names in lower case, a header that comes twice joined by a comma."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


class Echo(ThreadingHTTPServer):
    """A service that answers every request with what it got, and keeps count."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, name: str, port: int = 0) -> None:
        super().__init__((HOST, port), _Echoing)
        self.name = name
        self.seen: list[str] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Answer no more: its port refuses connections from now on."""
        self.shutdown()
        self._thread.join()
        self.server_close()

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{HOST}:{self.server_address[1]}"


class _Echoing(BaseHTTPRequestHandler):
    server: Echo
    protocol_version = "HTTP/1.1"

    def _echo(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.seen.append(f"{self.command} {self.path}")
        answer = {
            "service": self.server.name,
            "method": self.command,
            "version": self.request_version,
            "path": self.path,
            "headers": [[name.lower(), value] for name, value in self.headers.items()],
            "body": body.decode(),
            "padding": "x" * 2000,
        }
        written = json.dumps(answer).encode()
        self.send_response(200)
        for name, value in (
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(written))),
            ("Cache-Control", "max-age=60"),
            ("ETag", '"1"'),
            ("X-Request-Id", "the-services-own"),
            ("X-Content-Type-Options", "nosniff"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(written)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _echo  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Nobody reads it."""


class Deaf:
    """A service that takes a connection and does what *then* does with it; it counts them."""

    def __init__(self, then: Callable[[socket.socket], None]) -> None:
        self.taken = 0
        self._then = then
        self._listener = socket.create_server((HOST, 0))
        self.address = f"{HOST}:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.taken += 1
                threading.Thread(target=self._then, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Take no more."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


@dataclass
class Street:
    """A door and what is behind it."""

    door: FrontDoor
    services: dict[str, Echo] = field(default_factory=dict)

    def ask(
        self, path: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> Reply:
        """One request by a connection of its own."""
        return ask(self.door.port, path, method, headers=headers, body=body)

    def raw(self, text: bytes) -> Reply:
        """What is answered to *text* as it is."""
        return raw(self.door.port, text)

    def log(self, *replies: Reply) -> list[dict[str, Any]]:
        """The lines of *replies* in the access log, parsed: they are written just after the answers."""
        wanted = [reply.headers["x-request-id"] for reply in replies]
        deadline = time.monotonic() + 5
        while True:
            text = self.door.access_log.read_text(encoding="utf-8")
            lines = {each["request_id"]: each for each in map(json.loads, text.split("\n")[:-1])}
            if set(wanted) <= set(lines) or time.monotonic() > deadline:
                return [lines[each] for each in wanted]
            time.sleep(0.01)


def ask(
    port: int, path: str, method: str = "GET", *, headers: Mapping[str, str] | None = None, body: Any = None
) -> Reply:
    """One request by a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request(method, path, body=body, headers=dict(headers or {}))
        return _reply(connection.getresponse())
    finally:
        connection.close()


def raw(port: int, text: bytes) -> Reply:
    """What is answered to *text* as it is."""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        connection.sendall(text)
        response = http.client.HTTPResponse(connection, method=text.split(b" ", 1)[0].decode("latin-1"))
        response.begin()
        return _reply(response)


def _reply(response: http.client.HTTPResponse) -> Reply:
    found: dict[str, str] = {}
    for name, value in response.getheaders():
        found[name.lower()] = f"{found[name.lower()]},{value}" if name.lower() in found else value
    return Reply(response.status, found, response.read())


@contextlib.contextmanager
def street(folder: Path, settings: DoorSettings = WIDE) -> Iterator[Street]:
    """A door with an Echo behind it for each service."""
    with contextlib.ExitStack() as stack:
        services = {name: Echo(name) for name in SERVICES}
        for each in services.values():
            stack.callback(each.stop)
        upstreams = {name: [each.address] for name, each in services.items()}
        door = stack.enter_context(running_front_door(folder, upstreams, settings=settings))
        yield Street(door, services)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    """One street for all tests that change nothing in it."""
    with street(tmp_path_factory.mktemp("front_door") / "shared") as found:
        yield found


@pytest.fixture
def a_street(tmp_path: Path) -> Callable[[DoorSettings], contextlib.AbstractContextManager[Street]]:
    """Makes a street with settings of its own."""
    return lambda settings: street(tmp_path / "door", settings)


@pytest.fixture
def an_echo() -> Iterator[Callable[..., Echo]]:
    """Makes services that end with the test."""
    with contextlib.ExitStack() as stack:

        def make(name: str, port: int = 0) -> Echo:
            found = Echo(name, port)
            stack.callback(found.stop)
            return found

        yield make


@pytest.fixture
def a_deaf_service() -> Iterator[Callable[[Callable[[socket.socket], None]], Deaf]]:
    """Makes services that take connections and answer nothing of use."""
    with contextlib.ExitStack() as stack:

        def make(then: Callable[[socket.socket], None]) -> Deaf:
            found = Deaf(then)
            stack.callback(found.close)
            return found

        yield make


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that refuses connections, and is nobody else's meanwhile."""
    with socket.socket() as held:
        held.bind((HOST, 0))
        yield f"{HOST}:{held.getsockname()[1]}"


@pytest.fixture
def asked() -> Callable[..., Reply]:
    """Asks a door by its port, where there is no street."""
    return ask
