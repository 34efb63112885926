"""A real Prometheus over prepared data: on loopback, on a free port, without scraping, stopped when left."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.errors import ProgramFailed
from bench.programs import program

START_SECONDS = 60
STOP_SECONDS = 20
QUERY_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation of an expression took: samples read (with repetition) and seconds of evaluation."""

    samples: int
    seconds: float
    series: int


@dataclass(frozen=True, slots=True)
class Live:
    """A running Prometheus."""

    url: str

    def evaluate(self, expr: str, at_seconds: int) -> Evaluation:
        """Evaluate *expr* once, as a rule would at that moment.

        Raises:  ProgramFailed: Prometheus refuses it.
        """
        query = urllib.parse.urlencode({"query": expr, "time": at_seconds, "stats": "all"})
        try:
            with urllib.request.urlopen(
                f"{self.url}/api/v1/query", data=query.encode(), timeout=QUERY_SECONDS
            ) as answer:
                data: dict[str, Any] = json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ProgramFailed(f"{expr}: {error.read().decode(errors='replace')}") from error
        stats = data["stats"]
        return Evaluation(
            samples=stats["samples"]["totalQueryableSamples"],
            seconds=stats["timings"]["evalTotalTime"],
            series=len(data["result"]),
        )


@contextlib.contextmanager
def prometheus(data: Path) -> Iterator[Live]:
    """Run Prometheus over the blocks in *data* while the context lasts.

    Raises:  ProgramFailed: it does not start.
    """
    port = _free_port()
    config, log = data.parent / "prometheus.yml", data.parent / "prometheus.log"
    config.write_text("{}\n", encoding="utf-8")
    command = [
        program("prometheus3"),
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=100y",  # the data is as old as its fixed dates
    ]
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            live = Live(f"http://127.0.0.1:{port}")
            _wait(process, live, log)
            yield live
        finally:
            _stop(process)


def _wait(process: subprocess.Popen[bytes], live: Live, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{live.url}/-/ready", timeout=5):
            return
        time.sleep(0.1)
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise ProgramFailed(f"Prometheus did not start within {START_SECONDS} s:\n{tail}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
