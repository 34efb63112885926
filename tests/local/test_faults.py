"""`break` and `mend` on a service that answers as it likes."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local import faults
from local.errors import FaultRefused, NotRunning
from local.secret import write_secret
from local.settings import Settings

ERRORS = {"fault": "errors", "share": 0.5, "seconds": 300}
Serve = Callable[[int, bytes], list[tuple[str, str, str | None, bytes]]]


@pytest.fixture
def serve(settings: Settings) -> Iterator[Serve]:
    """Starts a catalog that gives one answer; returns what it was asked."""
    servers: list[HTTPServer] = []

    def start(status: int, body: bytes) -> list[tuple[str, str, str | None, bytes]]:
        asked: list[tuple[str, str, str | None, bytes]] = []

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked.append((self.command, self.path, self.headers["Authorization"], sent))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_DELETE = do_POST  # noqa: N815  # the name is the base's

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", settings.port("catalog")), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        write_secret(settings.fault_token, "token-of-this-run")
        return asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def test_break_posts_the_fault_with_the_runs_token(settings: Settings, serve: Serve) -> None:
    """As the service's API has it."""
    asked = serve(201, b"{}")
    faults.break_service(settings, "catalog", ERRORS)
    body = b'{"fault":"errors","share":0.5,"seconds":300}'
    assert asked == [("POST", "/internal/faults", "Bearer token-of-this-run", body)]


def test_mend_deletes_them_all(settings: Settings, serve: Serve) -> None:
    """Without a body."""
    asked = serve(204, b"")
    faults.mend_service(settings, "catalog")
    assert asked == [("DELETE", "/internal/faults", "Bearer token-of-this-run", b"")]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b'{"title": "Unprocessable", "detail": "no such fault"}', "no such fault", id="a problem"),
        pytest.param(b'{"title": "Unprocessable", "errors": [{"pointer": "#/fault"}]}', "#/fault", id="its errors"),
        pytest.param(b"<html>", "<html>", id="no JSON"),
        pytest.param(b"[]", r"\[\]", id="no object"),
        pytest.param(b"\xff" * 10_000, "422", id="no text, and much of it"),
    ],
)
def test_a_refusal_is_told(settings: Settings, serve: Serve, body: bytes, reason: str) -> None:
    """With the service's reason, on one short line."""
    serve(422, body)
    with pytest.raises(FaultRefused, match=reason) as caught:
        faults.break_service(settings, "catalog", ERRORS)
    assert len(str(caught.value)) < 300


def test_without_a_platform_it_says_how_to_start_one(settings: Settings) -> None:
    """No token, or a token of a run that is over."""
    for _ in range(2):
        with pytest.raises(NotRunning, match="make demo"):
            faults.break_service(settings, "catalog", ERRORS)
        write_secret(settings.fault_token, "token-of-the-last-run")
