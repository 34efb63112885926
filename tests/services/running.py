"""Runs a service under the real gunicorn for as long as a test needs it, on a port that is free."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from local.shop_run import Answer

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: its port, its process and the file that its log goes to."""

    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def lines(self) -> list[dict[str, Any]]:
        """Its log so far; every line must be JSON."""
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request over a connection of its own, past any proxy."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body=body, headers=dict(headers or {}))
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()


@contextlib.contextmanager
def serving(
    app: str = "services.catalog.wsgi:app",
    *,
    environ: Mapping[str, str] | None = None,
    import_from: Path | None = None,
    source: Path = ROOT,
) -> Iterator[Service]:
    """The service *app* of the tree at *source*, ready, with modules of *import_from*; stopped in the end, by force if
    need be.
    """
    variables = {name: value for name, value in os.environ.items() if name not in ("FAULT_TOKEN", "LOG_LEVEL")}
    variables |= {"PORT": "0", "PYTHONPATH": os.pathsep.join(map(str, filter(None, (source, import_from))))}
    command = [sys.executable, "-m", "gunicorn", "-c", "python:services.shared.gunicorn", app]
    with tempfile.TemporaryDirectory(prefix="tillwatch-") as folder:
        # Its own data, gone with it: one test's prices are none of another's.
        variables |= {"DATA_DIR": folder} | dict(environ or {})
        log = Path(folder) / "log.jsonl"
        with log.open("wb") as stream:
            process = subprocess.Popen(command, cwd=source, env=variables, stderr=stream)
        try:
            service = Service(_port(process, log), process, log)
            _await_ready(service)
            yield service
        finally:
            # Quick, as nobody waits for an answer any more; the orderly stop has tests of its own.
            process.send_signal(signal.SIGQUIT)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                # A worker that gunicorn's own handler of SIGQUIT has locked up does not see that its master is gone.
                for each in (*psutil.Process(process.pid).children(), process):
                    each.kill()
                process.wait()


def _port(process: "subprocess.Popen[bytes]", log: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text(encoding="utf-8")):
            return int(found[1])
        time.sleep(0.02)
    raise RuntimeError(f"the service did not listen:\n{log.read_text(encoding='utf-8')}")


def _await_ready(service: Service) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and service.process.poll() is None:
        # The port is open before the worker is: this request waits in its queue, and is reset if none comes.
        with contextlib.suppress(OSError):
            if service.ask("/readyz").status == 200:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the service did not become ready:\n{service.log.read_text(encoding='utf-8')}")
