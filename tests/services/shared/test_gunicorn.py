"""The real server: its settings, its stop, its log."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.services.running import ROOT, Service, serving

# A catalog whose products take a second: long enough to be in flight when the server is told to stop.
SLOW_APP = """
import logging.config, time
from prometheus_client import CollectorRegistry
from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.adapters.seed import load_seed
from services.catalog.app import create_app
from services.shared import logs
from services.shared.config import Config

class Slow(InMemoryProducts):
    def get(self, sku):
        time.sleep(1)
        return super().get(sku)

logging.config.dictConfig(logs.settings("info", "catalog"))
app = create_app(repository=Slow(load_seed()), registry=CollectorRegistry(), config=Config(service="catalog"))
"""
PRODUCT = "/api/v1/products/KIT-1001"


@pytest.fixture
def slow_app(tmp_path: Path) -> Path:
    """A folder with the module slow_app."""
    (tmp_path / "slow_app.py").write_text(SLOW_APP, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def catalog() -> Iterator[Service]:
    """The catalog as it is started for real."""
    with serving() as service:
        yield service


def wait_for_active(service: Service, wanted: int) -> None:
    """Return once *wanted* requests are being answered."""
    deadline = time.monotonic() + 5
    while f"http_server_active_requests {wanted:.1f}" not in service.ask("/metrics").body.decode():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_sigterm_finishes_every_request_in_flight(slow_app: Path) -> None:
    """Seven requests under way when the stop comes all get their product, and the server ends."""
    with serving("slow_app:app", import_from=slow_app) as service, ThreadPoolExecutor(7) as pool:
        answers = [pool.submit(service.ask, PRODUCT) for _ in range(7)]
        wait_for_active(service, 7)
        service.process.send_signal(signal.SIGTERM)
        assert [answer.result().status for answer in answers] == [200] * 7
        assert service.process.wait(timeout=10) == 0


def test_while_draining_it_serves_but_is_not_ready(slow_app: Path) -> None:
    """With DRAIN_SECONDS the balancer sees 503 first, while requests that still come are answered."""
    with serving("slow_app:app", import_from=slow_app, environ={"DRAIN_SECONDS": "2"}) as service:
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        while (answer := service.ask("/readyz")).status == 200:
            assert time.monotonic() < began + 1.5
        assert answer.json()["code"] == "draining"
        assert service.ask(PRODUCT).status == 200
        assert service.process.wait(timeout=10) == 0
        assert time.monotonic() - began >= 2


def test_an_idle_server_stops_within_seconds() -> None:
    """With no request in flight and no drain asked for, SIGTERM takes no time."""
    with serving() as service:
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(timeout=4) == 0


def test_it_listens_on_this_machine_only() -> None:
    """Unless told otherwise, no other machine can connect."""
    variables = {name: value for name, value in os.environ.items() if name not in ("HOST", "PORT")}
    code = "from services.shared import gunicorn as g; print(g.bind, g.workers, g.threads, g.worker_class)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=variables, capture_output=True, text=True, check=True
    ).stdout
    assert shown.split() == ["127.0.0.1:8001", "1", "8", "gthread"]


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "http", "PORT: 'http' is not a whole number from 0 to 65535"),
        ("PORT", "65536", "PORT: '65536' is not a whole number from 0 to 65535"),
        ("DRAIN_SECONDS", "-1", "DRAIN_SECONDS: '-1' is not a whole number from 0 to 300"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: 'loud' is not one of debug, info, warning, error"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, message: str) -> None:
    """The server does not start, and says which variable is wrong."""
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "-c",
        "python:services.shared.gunicorn",
        "services.catalog.wsgi:app",
    ]
    run = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PORT": "0", name: value},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert run.returncode != 0
    assert message in run.stderr


def test_eight_threads_share_one_process(catalog: Service) -> None:
    """All requests are counted in one registry: many at once lose none."""
    before = count(catalog)
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: catalog.ask("/api/v1/products?limit=1").status, range(200)))
    assert statuses == [200] * 200
    assert count(catalog) - before == 200


def count(service: Service) -> float:
    """List requests that the service has counted as good."""
    wanted = 'http_response_status_code="200",http_route="/api/v1/products",traffic="user"'
    lines = service.ask("/metrics").body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if wanted in line and "_total{" in line)


def test_a_large_body_is_refused_chunked_too() -> None:
    """More than 64 KiB is 413, whether its length is announced or not."""
    token = "correct-horse-battery"
    with serving(environ={"FAULT_TOKEN": token}) as service:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        assert service.ask("/internal/faults", "POST", b" " * 65537, headers).status == 413
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        chunks = (b" " * 1024 for _ in range(65))
        connection.request("POST", "/internal/faults", body=chunks, headers=headers, encode_chunked=True)
        assert connection.getresponse().status == 413
        connection.close()


@pytest.mark.parametrize("chunks", ["zz\r\n{}\r\n0\r\n\r\n", "2\r\n{}XX0\r\n\r\n", "-2\r\n{}\r\n0\r\n\r\n"])
def test_a_chunk_that_is_none_is_the_callers_mistake(chunks: str) -> None:
    """400: a stranger who sends one must not spend the service's error budget."""
    token = "correct-horse-battery"
    head = "POST /internal/faults HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n"
    typed = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n\r\n"
    with (
        serving(environ={"FAULT_TOKEN": token}) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection,
    ):
        connection.sendall(f"{head}{typed}{chunks}".encode())
        assert connection.recv(64).split()[1] == b"400"


def test_a_weak_fault_token_stops_the_start() -> None:
    """The server ends instead of running without the protection that was asked for."""
    with (
        pytest.raises(RuntimeError, match="FAULT_TOKEN: expected 16 characters"),
        serving(environ={"FAULT_TOKEN": "x"}),
    ):
        pass


def test_the_whole_log_is_json_and_silent_about_callers(catalog: Service) -> None:
    """gunicorn's own lines too; neither addresses nor query strings nor agents are in it."""
    catalog.ask("/api/v1/products?mail=ada@example.com", headers={"User-Agent": "agent-x", "X-Request-Id": "log-1"})
    catalog.ask("/readyz")
    lines = catalog.lines()
    assert any(line["message"].startswith("Listening at: http://127.0.0.1:") for line in lines)
    requests = [line for line in lines if line.get("request_id") == "log-1"]
    assert [(line["http_route"], line["service"]) for line in requests] == [("/api/v1/products", "catalog")]
    text = json.dumps(lines)
    assert [word for word in ("ada@", "agent-x", "gunicorn.access", "?mail") if word in text] == []


def test_many_clients_at_once_get_their_own_ids(catalog: Service) -> None:
    """Under concurrency each answer carries the id of its own request."""
    barrier = threading.Barrier(8, timeout=10)

    def ask(number: int) -> bool:
        barrier.wait()
        return catalog.ask("/livez", headers={"X-Request-Id": f"id-{number}"}).headers["x-request-id"] == f"id-{number}"

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
