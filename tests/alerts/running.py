"""A real Alertmanager with a PagerDuty beside it that keeps what it is sent."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tools import install

AT_ONCE = {"group_wait": "10ms"}


class Alertmanager:
    """What tests ask of a running one. `events` are the bodies that PagerDuty received."""

    def __init__(self, url: str, events: list[dict[str, Any]]) -> None:
        self._url = url
        self.events = events

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            return urllib.request.urlopen(f"{self._url}/-/ready", timeout=5).status == 200
        except (urllib.error.URLError, ConnectionError):
            return False

    def send(self, *alerts: dict[str, str]) -> None:
        """Make alerts with these labels fire."""
        body = json.dumps([{"labels": labels} for labels in alerts]).encode()
        request = urllib.request.Request(
            f"{self._url}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
        )
        urllib.request.urlopen(request, timeout=5).close()

    def muted(self) -> list[dict[str, str]]:
        """The labels of each alert that another one inhibits."""
        found = json.load(urllib.request.urlopen(f"{self._url}/api/v2/alerts", timeout=5))
        return [alert["labels"] for alert in found if alert["status"]["inhibitedBy"]]


@contextlib.contextmanager
def alertmanager(configuration: dict[str, Any], folder: Path) -> Iterator[Alertmanager]:
    """A real Alertmanager with *configuration*, but for addresses, keys and the wait before a group is sent."""
    events: list[dict[str, Any]] = []
    with _pagerduty(events) as url, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        taken.close()
        path = folder / "alertmanager.yaml"
        path.write_text(yaml.safe_dump(_here(configuration, url, folder)))
        command = [
            install.find("alertmanager"),
            f"--config.file={path}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        with (folder / "log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
            try:
                found = Alertmanager(f"http://127.0.0.1:{port}", events)
                until(found.ready)
                yield found
            finally:
                process.terminate()
                process.wait(30)


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until *true*."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _here(configuration: dict[str, Any], pagerduty_url: str, folder: Path) -> dict[str, Any]:
    (folder / "key").write_text("k" * 32)
    here: dict[str, Any] = json.loads(json.dumps(configuration))
    here["global"]["pagerduty_url"] = pagerduty_url
    for receiver in here["receivers"]:
        for pagerduty in receiver["pagerduty_configs"]:
            pagerduty["routing_key_file"] = str(folder / "key")
    for route in (here["route"], *here["route"]["routes"]):
        route.update(AT_ONCE)
    return here


@contextlib.contextmanager
def _pagerduty(events: list[dict[str, Any]]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v2/enqueue"
    finally:
        server.shutdown()
        server.server_close()
