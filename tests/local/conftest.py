"""Dummy parts: small Python programs that answer, fail, or refuse to die."""

import contextlib
import resource
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.part import Part
from local.settings import Settings
from tests.ports import free_base, free_port

# Answers 503 for so many seconds, then 200. -S: no site-packages, so that it starts in some 30 ms.
SERVER = """
import sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer
began, late = time.monotonic(), float(sys.argv[2])
class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if time.monotonic() - began >= late else 503)
        self.end_headers()
print("listening", flush=True)
HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """Settings with an own run directory and tree, and ports that are free."""
    with free_base() as base:
        yield Settings(run=tmp_path / "state" / "run", port_base=base, root=tmp_path / "tree")


@pytest.fixture
def server_part() -> Callable[..., Part]:
    """Makes a part that answers on a free port."""

    def make(name: str = "server", *, late_seconds: float = 0, **options: Any) -> Part:
        port = free_port()
        command = (sys.executable, "-S", "-c", SERVER, str(port), str(late_seconds))
        return Part(name=name, command=command, ready_url=f"http://127.0.0.1:{port}/", **options)

    return make


@pytest.fixture
def program_part() -> Callable[..., Part]:
    """Makes a part that runs a Python text and answers nothing."""

    def make(text: str, name: str = "program", **options: Any) -> Part:
        return Part(name=name, command=(sys.executable, "-S", "-c", text), **options)

    return make


@pytest.fixture
def full_disk() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """Has whatever this process writes to a file fail, as on a disk without room, until the block ends."""

    @contextlib.contextmanager
    def full() -> Iterator[None]:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return full


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


@pytest.fixture
def wait_for() -> Callable[[Callable[[], bool], float], None]:
    """Asks again until the answer is true, for so many seconds at most."""

    def wait(ask: Callable[[], bool], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ask():
            assert time.monotonic() < deadline, f"not within {seconds} s"
            time.sleep(0.05)

    return wait
