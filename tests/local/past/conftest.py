"""The seeded past of this machine, as `make demo` builds and keeps it, under a real Prometheus."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from budget.errors import BudgetError
from budget.prometheus import Prometheus
from local.past import build
from local.past.build import Seeded
from local.server import free_ports, program
from local.settings import from_environment


@dataclass(frozen=True)
class Past:
    """A Prometheus that scrapes nothing and evaluates nothing: all that it knows was laid down."""

    server: Prometheus
    seeded: Seeded
    data: Path


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    """The whole past, up to now."""
    folder, now = tmp_path_factory.mktemp("past"), time.time()
    settings = from_environment(os.environ)
    seeded = build.place(build.plan(settings, now=now), folder / "data", clock=time.time)
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h}\n")
    port = free_ports("prometheus")["prometheus"]
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        server = Prometheus(f"http://127.0.0.1:{port}", timeout_seconds=30)
        try:
            _await(server)
            yield Past(server, seeded, folder / "data")
        finally:
            process.terminate()


def _await(server: Prometheus) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            server.version()
            return
        except BudgetError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
