"""What is pushed to a Loki, and which of its answers mean that the same lines may be sent again."""

import base64
import gzip
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from local.errors import Refused
from local.log_line import LogLine
from local.loki_client import Loki, Rejected, Unreachable

LINE = LogLine(level="info", nanoseconds=17, text="one")


@dataclass
class Standin:
    """Answers pushes with *status*, and notes them."""

    url: str = ""
    status: int = 204
    pushes: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def standin() -> Iterator[Standin]:
    """A server in place of Loki."""
    found = Standin()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.pushes.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.status)
            self.end_headers()
            self.wfile.write(b"" if found.status == 204 else b"entry too far behind\n" + b"x" * 1000)

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_lines_go_by_their_labels(standin: Standin) -> None:
    """As Loki's push API takes them, packed."""
    Loki(standin.url + "/").push([({"service": "orders", "level": "info"}, [LINE])])
    ((path, headers, body),) = standin.pushes
    assert (path, headers["content-encoding"]) == ("/loki/api/v1/push", "gzip")
    assert json.loads(gzip.decompress(body)) == {
        "streams": [{"stream": {"service": "orders", "level": "info"}, "values": [["17", "one"]]}]
    }


def test_a_password_is_sent_and_never_shown(standin: Standin) -> None:
    """It comes within the address; a path before the API's stays."""
    loki = Loki(standin.url.replace("//", "//team:s3cret@") + "/tenant")
    loki.push([])
    ((path, headers, _),) = standin.pushes
    assert (path, loki.address) == ("/tenant/loki/api/v1/push", f"{standin.url}/tenant")
    assert headers["authorization"] == f"Basic {base64.b64encode(b'team:s3cret').decode()}"


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500, 503])
def test_what_may_come_right_is_tried_again(standin: Standin, status: int) -> None:
    """Too much, out of order, or a wrong address or password that people will mend."""
    standin.status = status
    with pytest.raises(Unreachable, match=f"it answered {status}"):
        Loki(standin.url).push([])


@pytest.mark.parametrize("status", [302, 400, 413])
def test_what_never_will_is_not(standin: Standin, status: int) -> None:
    """The reason is told, cut short."""
    standin.status = status
    with pytest.raises(Rejected, match=f"it answered {status}: entry too far behind") as caught:
        Loki(standin.url).push([])
    assert len(str(caught.value)) < 250


def test_nobody_there_is_tried_again() -> None:
    """Nothing listens at that port."""
    with pytest.raises(Unreachable):
        Loki("http://127.0.0.1:9").push([])


@pytest.mark.parametrize("url", ["", "127.0.0.1:3100", "ftp://x", "http://", "http://u:s3cret@[", "file:///etc"])
def test_what_is_no_address_is_refused(url: str) -> None:
    """Without repeating it: it may hold a password."""
    with pytest.raises(Refused, match="LOKI_URL: expected an address") as caught:
        Loki(url)
    assert "s3cret" not in str(caught.value)
