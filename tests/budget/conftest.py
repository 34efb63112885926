"""A real Prometheus with a rule file of a few constants, and servers that misbehave."""

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from budget.errors import BudgetError
from budget.prometheus import Prometheus
from slo import conventions
from tests.ports import free_port
from tools.install import find

IDS = {conventions.ID: "shop-up", conventions.SERVICE: "shop", conventions.SLO: "up"}
VALUES = {
    conventions.OBJECTIVE: "vector(0.99)",
    conventions.PERIOD_DAYS: "vector(30)",
    conventions.CURRENT_BURN_RATE: "vector(2)",
    conventions.PERIOD_BURN_RATE: "vector(0.25)",
    conventions.BUDGET_REMAINING: "vector(0.75)",
    conventions.BUDGET_EVENTS_REMAINING: "vector(1234)",
}


def _rules() -> dict[str, object]:
    records = [{"record": name, "expr": expr, "labels": IDS} for name, expr in VALUES.items()]
    page = {"alert": "ShopUp", "expr": "vector(1)", "labels": {**IDS, conventions.SEVERITY: conventions.PAGE}}
    waiting = {
        "record": conventions.OBJECTIVE,
        "expr": "vector(0.5)",
        "labels": {conventions.ID: "shop-later"},
    }
    return {
        "groups": [
            {"name": "now", "interval": "1s", "rules": [*records, page]},
            # Prometheus spreads first turns over the interval: one of an hour comes within a test now and then.
            {"name": "later", "interval": "10y", "rules": [waiting]},
        ]
    }


@pytest.fixture(scope="session")
def prometheus_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a real Prometheus that has evaluated its rules."""
    home = tmp_path_factory.mktemp("prometheus")
    (home / "rules.yaml").write_text(yaml.safe_dump(_rules()))
    config = {
        "rule_files": [str(home / "rules.yaml")],
        "scrape_configs": [{"job_name": "nobody", "static_configs": [{"targets": ["127.0.0.1:1"]}]}],
    }
    (home / "prometheus.yml").write_text(yaml.safe_dump(config))
    with running(home, free_port()) as url:
        _wait_for_alert(Prometheus(url), home / "log")
        yield url


@contextlib.contextmanager
def running(home: Path, port: int) -> Iterator[str]:
    """Address of a real Prometheus with the configuration and the data in *home*, started, perhaps not ready."""
    binary = find("prometheus")
    assert binary is not None, "prometheus is not installed: run make setup"
    command = [
        str(binary),
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (home / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def _wait_for_alert(client: Prometheus, log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if client.instant("ALERTS"):
                return
        except BudgetError:
            pass
        time.sleep(0.1)
    pytest.fail(f"Prometheus had no alert after 20 s:\n{log.read_text()}")


@pytest.fixture
def answering() -> Iterator[Callable[[int, bytes], str]]:
    """Starts a server that gives every request one answer; returns its address, with a name and password."""
    servers: list[HTTPServer] = []

    def start(status: int, body: bytes) -> str:
        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815  # the name is the base's

            def log_message(self, *_: object) -> None:
                pass

        server = HTTPServer(("127.0.0.1", 0), Answer)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return f"http://reader:hunter2@127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Address of a server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def closed_url() -> str:
    """Address at which nothing listens."""
    return "http://reader:hunter2@127.0.0.1:1"
