"""A Flask route that does nothing, served as the services are: what the shop's requests are measured beside."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from flask import Flask

from bench.errors import BenchError
from bench.http_load import Target, is_up
from local.settings import HOST, ROOT

app = Flask(__name__)


@app.route("/", methods=["GET", "POST"])
def answer() -> dict[str, str]:
    """The least that can be answered as JSON."""
    return {"status": "ok"}


@contextlib.contextmanager
def running() -> Iterator[Target]:
    """The route, served as the services are: one worker, eight threads."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    command = (sys.executable, "-m", "gunicorn", "--worker-class=gthread", "--workers=1", "--threads=8")
    options = (f"--bind={HOST}:{port}", "--keep-alive=75", "--no-control-socket", "--log-level=error", "bench.bare:app")
    process = subprocess.Popen((*command, *options), cwd=ROOT, start_new_session=True)
    try:
        target = Target(port=port, path="/")
        deadline = time.monotonic() + 20
        while not is_up(target):
            if time.monotonic() > deadline or process.poll() is not None:
                raise BenchError("the bare Flask route did not start")
            time.sleep(0.05)
        yield target
    finally:
        process.terminate()
        process.wait(20)
