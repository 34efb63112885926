"""How long the platform takes from installed to ready, and its memory beside what the OpenTelemetry Demo asks for."""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.errors import BenchError
from bench.plan import Plan
from bench.table import Row
from local.settings import BASE, PORTS, ROOT, from_environment

ROUNDS, QUICK_ROUNDS = 3, 1
READY = re.compile(r"platform +ready after ([0-9.]+) s")
READY_BOUND = 20.0
# Long enough for every job to have had a turn, and for shoppers to have asked for everything.
SETTLE_SECONDS, QUICK_SETTLE_SECONDS = 90.0, 5.0
# What its documentation asks for: https://opentelemetry.io/docs/demo/docker-deployment/ ("6 GB of RAM").
OTEL_DEMO_MIB = 6 * 1000**3 / 2**20


def measure(plan: Plan) -> Iterator[Row]:
    """`platform_ready` and `platform_pss`: the past is built before, traces and logs are files."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder:
        environment = _environment(Path(folder))
        _run(environment, "local.past", "place", f"{folder}/unused")
        ready, memory = [], 0.0
        rounds = QUICK_ROUNDS if plan.quick else ROUNDS
        for number in plan.counted("platform: starts", range(rounds), every=1):
            _run(environment, "local", "clean")
            with _up(environment) as (seconds, process):
                ready.append(seconds)
                if number == rounds - 1:
                    time.sleep(QUICK_SETTLE_SECONDS if plan.quick else SETTLE_SECONDS)
                    memory = _pss_mib(process)
    yield Row(name="platform_ready", unit="s", ours=statistics.median(ready), peer=READY_BOUND, peer_name="at most")
    yield Row(
        name="platform_pss",
        unit="MiB",
        ours=memory,
        peer=OTEL_DEMO_MIB,
        peer_name="what the OpenTelemetry Demo asks for",
    )


@contextmanager
def running() -> Iterator[str]:
    """A platform with its past that is ready; the address of its Prometheus."""
    with tempfile.TemporaryDirectory(prefix="tillwatch-bench-") as folder:
        environment = _environment(Path(folder))
        _run(environment, "local.past", "place", f"{folder}/unused")
        with _up(environment):
            yield f"http://127.0.0.1:{PORTS['prometheus'] + int(environment['PORT_BASE']) - BASE}"


def _environment(folder: Path) -> dict[str, str]:
    """A state of its own, but for the built past, and ports that are free."""
    kept = from_environment(os.environ).history
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "state").mkdir()
    (folder / "state" / "history").symlink_to(kept)
    base = next(
        base for base in range(20_000, 30_000, 137) if all(_is_free(port + base - BASE) for port in PORTS.values())
    )
    return {**os.environ, "TILLWATCH_STATE": str(folder / "state"), "PORT_BASE": str(base), "PYTHONUNBUFFERED": "1"}


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _run(environment: dict[str, str], *module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *module],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    if done.returncode:
        raise BenchError(f"{' '.join(module)} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def _up(environment: dict[str, str]) -> Iterator[tuple[float, psutil.Process]]:
    """The platform, ready: how long that took by its own word, and its process."""
    command = [sys.executable, "-m", "local", "up", "--files"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if found := READY.search(line):
                    yield float(found[1]), psutil.Process(process.pid)
                    break
            else:
                raise BenchError(f"the platform did not become ready:\n{said}")
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _pss_mib(leader: psutil.Process) -> float:
    """Memory of the platform's processes, what they share counted once."""
    state = leader.environ()["TILLWATCH_STATE"]
    total = 0
    for process in psutil.process_iter():
        try:
            if process.environ().get("TILLWATCH_STATE") == state:
                total += process.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20
