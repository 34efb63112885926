"""How full the shop was, from a Prometheus that answers; and one that does not is told as such."""

import base64
import contextlib
import http.server
import json
import socket
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from synthetics import saturation
from synthetics.prometheus import Prometheus, PrometheusError

BEGIN, END = 1000.0, 1060.0
ANSWERS: dict[str, list[dict]] = {
    saturation.RESOURCES[0].query: [
        {"metric": {"job": "orders", "instance": "orders"}, "values": [[1000, "0.5"], [1005, "0.9"], [1010, "NaN"]]},
        {"metric": {"job": "users", "instance": "users-2"}, "values": [[1000, "0.1"], [1005, "0.1"]]},
    ],
    saturation.RESOURCES[1].query: [{"metric": {"job": "orders", "instance": "orders"}, "values": [[1000, "0.95"]]}],
    saturation.RESOURCES[3].query: [{"metric": {"job": "orders"}, "values": [[1000, "+Inf"]]}],
    saturation.FAULTS: [
        {
            "metric": {"job": "orders", "fault": "errors"},
            "values": [[1010, "1"], [1015, "1"], [1020, "1"], [1040, "1"], [1045, "1"]],
        }
    ],
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Answers the queries that it knows, and any other with nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found = ANSWERS.get(parse_qs(text)["query"][0], [])
            body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": found}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_fullest_comes_first(server: str) -> None:
    """What is no number is left out, and a series of nothing but those is none."""
    found = saturation.measured(Prometheus(server), BEGIN, END)
    assert [(each["metric"], each["where"], each["highest"]) for each in found] == [
        ("threads_busy", "orders", 0.95),
        ("process_cpu", "orders", 0.9),
        ("process_cpu", "users users-2", 0.1),
    ]
    assert found[1]["mean"] == pytest.approx(0.7)
    assert found[1]["points"] == [[1000.0, 0.5], [1005.0, 0.9]]


def test_the_bottleneck_is_what_was_fullest_on_average(server: str) -> None:
    """The machine, where it is known, among the rest."""
    lines = saturation.measured(Prometheus(server), BEGIN, END)
    found = saturation.bottleneck(lines)
    assert found is not None
    assert (found["metric"], found["where"]) == ("threads_busy", "orders")
    machine = saturation.machine([(1000.0, 0.99), (1001.0, 0.97)])
    found = saturation.bottleneck([*lines, *machine])
    assert found is not None
    assert (found["metric"], found["mean"]) == ("machine_cpu", 0.98)
    assert saturation.bottleneck([]) is None


def test_a_fault_that_is_switched_on_twice_is_two_windows(server: str) -> None:
    """A gap of more than a step ends one."""
    assert saturation.fault_windows(Prometheus(server), BEGIN, END) == [
        {"name": "orders: errors", "begin": 1010.0, "end": 1020.0},
        {"name": "orders: errors", "begin": 1040.0, "end": 1045.0},
    ]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://name:secret@127.0.0.1:1", "file:///etc/passwd"])
def test_a_server_that_does_not_answer_is_said_without_its_password(url: str) -> None:
    """Nothing but http is ever opened."""
    with pytest.raises(PrometheusError) as caught:
        Prometheus(url).range("up", start=0, end=1, step_seconds=1)
    assert "secret" not in str(caught.value)


@contextlib.contextmanager
def saying(answer: bytes) -> Iterator[str]:
    """A server that answers one request with *answer*, whatever was asked."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(65536).decode())
            connection.sendall(answer)

    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()
    assert heard


def json_of(text: str) -> bytes:
    """An answer with this body."""
    return f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"220 mail.example\r\n\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{", id="a body that breaks off"),
        pytest.param(json_of("[]"), id="a list"),
        pytest.param(json_of('{"status": "success"}'), id="no data"),
        pytest.param(json_of('{"status": "success", "data": {"result": 7}}'), id="no list of series"),
        pytest.param(json_of('{"status": "success", "data": {"result": [{"metric": {}}]}}'), id="a series of nothing"),
        pytest.param(
            json_of('{"status": "success", "data": {"result": [{"metric": {}, "values": [[1, "x"]]}]}}'),
            id="a value that is no number",
        ),
        pytest.param(json_of('{"status": "success", "data": {"result": ' + "[" * 99999), id="brackets without an end"),
    ],
)
def test_what_no_prometheus_would_answer_is_an_error_of_one_kind(answer: bytes) -> None:
    """A run of hours is not to end without its report for the sake of a picture."""
    with saying(answer) as place, pytest.raises(PrometheusError):
        Prometheus(f"http://{place}").range("up", start=0, end=1, step_seconds=1)


def test_a_name_and_a_password_in_the_address_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """To that server and by no proxy, as the verdict on the same run sends them."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    heard: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.append(self.headers["Authorization"])
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status": "success", "data": {"result": []}}')

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        found = Prometheus(f"http://ada:p%40ss@127.0.0.1:{server.server_port}")
        assert found.range("up", start=0, end=1, step_seconds=1) == ()
        thread.join()
    assert heard == ["Basic " + base64.b64encode(b"ada:p@ss").decode()]


def test_a_long_run_has_some_hundred_points() -> None:
    """A short one, one for each scrape."""
    assert (saturation.step(0, 60), saturation.step(0, 14_400)) == (5.0, 36.0)
