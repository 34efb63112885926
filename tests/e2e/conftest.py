"""The platform as people start it: `python -m local up` in a process of its own, on free ports, with its own state."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, TypeVar

import psutil
import pytest
import urllib3

from local.preflight import is_free
from local.settings import BASE, PORTS
from local.shop import SERVICES
from tests.ports import free_base

ROOT = Path(__file__).resolve().parents[2]
Answer = TypeVar("Answer")


class Platform:
    """One state directory and one set of ports; at most one platform at a time."""

    python = (sys.executable,)

    def __init__(self, state: Path, base: int) -> None:
        self.state = state
        self.base = base
        self.environment = {
            **os.environ,
            "TILLWATCH_STATE": str(state),
            "PORT_BASE": str(self.base),
            "PYTHONUNBUFFERED": "1",
        }

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """`up` with *arguments*; what it prints is on its stdout."""
        command = [sys.executable, "-m", "local", "up", *arguments]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """`python -m` with *command*, to its end."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,  # a report draws every burndown, on a machine that does much beside
            check=False,
        )

    def port(self, part: str) -> int:
        """Port of *part*."""
        return PORTS[part] + self.base - BASE

    def url(self, part: str) -> str:
        """Address of *part*."""
        return f"http://127.0.0.1:{self.port(part)}"

    def ask(self, part: str, path: str) -> urllib3.BaseHTTPResponse:
        """What *part* answers at *path*."""
        return urllib3.request("GET", self.url(part) + path, timeout=5.0, retries=False)

    def answers(self, part: str, path: str) -> bool:
        """Whether *part* answers 200 at *path*."""
        try:
            return self.ask(part, path).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def get(self, part: str, path: str) -> Any:
        """JSON of *path* at *part*."""
        return urllib3.request("GET", self.url(part) + path, timeout=5.0, retries=False).json()

    def status(self) -> dict[str, dict[str, Any]]:
        """`budget status --json`, by id; asked again where a busy Prometheus takes longer than it waits."""
        for _ in range(4):
            result = self.run("budget", "status", "--json")
            if "ReadTimeoutError" not in result.stderr:
                break
        assert result.returncode == 0, result.stderr
        return {slo["id"]: slo for slo in json.loads(result.stdout)["slos"]}

    def leaders(self, part: str) -> list[psutil.Process]:
        """The process that was started as *part*: nobody's child but the supervisor's."""
        found = []
        services = {name: f"services.{name}.wsgi" for name in SERVICES}
        mark = {"orders-worker": "services.orders.worker", **services}.get(part, f"/{part}")
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                command, port = " ".join(process.cmdline()), str(self.port(part))
                listens = port in command or port in (
                    process.environ().get("PORT"),
                    process.environ().get("METRICS_PORT"),
                )
                if mark in command and listens and os.getpgid(process.pid) == process.pid:
                    found.append(process)
        return found

    def processes(self) -> list[psutil.Process]:
        """Everything that lives with this state directory, keepers and workers too."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("TILLWATCH_STATE") == str(self.state):
                    found.append(process)
            except psutil.Error:
                continue
        return found

    def running(self, mark: str) -> list[psutil.Process]:
        """The processes with *mark* in their commands."""
        found = []
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                if mark in " ".join(process.cmdline()):
                    found.append(process)
        return found

    @contextlib.contextmanager
    def shoppers_standing_still(self) -> Iterator[None]:
        """Those that come by themselves ask nothing until the block ends."""
        deadline = time.monotonic() + 30
        while not (found := self.running("locustfile.py")):  # what starts it is there first
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (locust,) = found
        locust.suspend()
        try:
            yield
        finally:
            locust.resume()

    def taken(self) -> list[str]:
        """Parts whose ports somebody listens on: nginx hides its environment, so that `processes` does not see it."""
        return [part for part in PORTS if not is_free(self.port(part))]


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that is not running; what is left of it in the end is ended."""
    with free_base() as base:
        made = Platform(tmp_path_factory.mktemp("state"), base)
        yield made
        for process in made.processes():
            process.kill()


@pytest.fixture(scope="session")
def read_until() -> Callable[[IO[str] | None, str], str]:
    """Reads lines up to the first that matches a pattern."""

    def read(stream: IO[str] | None, pattern: str) -> str:
        assert stream is not None
        text = ""
        for line in stream:
            text += line
            if re.search(pattern, line):
                return text
        pytest.fail(f"ended without {pattern!r}:\n{text}")

    return read


@pytest.fixture(scope="session")
def wait_for() -> Callable[[Callable[[], Answer], float], Answer]:
    """Asks again until the answer is true, for so many seconds at most."""

    def wait(ask: Callable[[], Answer], seconds: float) -> Answer:
        deadline = time.monotonic() + seconds
        while not (answer := ask()):
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.5)
        return answer

    return wait
