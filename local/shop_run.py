"""Runs the whole shop for a test or a measurement: processes that can be killed one by one and started again.

Databases are SQLite files, or databases of one PostgreSQL; ports stay the same over a restart.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.collector import file_collector
from local.doors import Doors, running_doors
from local.errors import StartFailed
from local.front_door import DoorSettings
from local.log_files import end_of
from local.server import free_ports
from local.settings import HOST, ROOT
from local.shop import SERVICES, WORKERS, ShopProcesses, is_worker, replicas_of
from services.shared.issuer import Issuer

START_SECONDS = 30.0
STOP_SECONDS = 40.0
# For runs on loopback that last minutes; the platform makes its own.
SECRETS = {
    "FAULT_TOKEN": "a-token-for-drills-in-tests",
    "WEBHOOK_KEY": "a-webhook-key-for-tests-alone",
    "TRAFFIC_KEY": "a-traffic-key-for-tests-alone",
    "SESSION_KEY": "a-session-key-for-tests-alone",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


@dataclass(slots=True)
class ShopRun:
    """The running shop, its data in *folder*."""

    folder: Path
    issuer: Issuer
    plan: ShopProcesses
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    doors: Doors | None = None

    @property
    def url(self) -> str:
        """The front door's address.

        Raises:  ValueError: this shop was started without one.
        """
        if self.doors is None:
            raise ValueError("this shop has no front door")
        return self.doors.front.url

    def start(self, name: str) -> None:
        """Start the process *name*; its log goes on where the last one's ended."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.plan.command(name),
                cwd=ROOT,
                env={**os.environ, **self.plan.environment(name)},
                stderr=log,
                stdout=log,
                # A group of its own: a kill takes gunicorn's worker with its master, as a lost host would.
                start_new_session=True,
            )

    def kill(self, name: str) -> None:
        """End *name* as a power cut would."""
        process = self.processes[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def roll(self, name: str) -> None:
        """Restart *name* as a rolling update does: nobody is led to it any more, it ends what it has begun, comes back.

        Raises:  StartFailed: it did not come back.  subprocess.TimeoutExpired: it did not end.
        """
        if self.doors is not None:
            self.doors.lead(self.plan.ports, without=name)
        self.processes[name].terminate()
        self.processes[name].wait(STOP_SECONDS)
        self.start(name)
        self.await_ready(name)
        if self.doors is not None:
            self.doors.lead(self.plan.ports)

    def await_ready(self, *names: str) -> None:
        """Wait until the processes *names*, or all that were started, want traffic, and workers are at work.

        Raises:  StartFailed: one did not in time.
        """
        deadline = time.monotonic() + START_SECONDS
        for name in names or self.processes:
            while True:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    if self.ask(name, "/metrics" if is_worker(name) else "/readyz").status == 200:
                        break
                if time.monotonic() > deadline:
                    raise StartFailed(f"{name} did not become ready\n{end_of(self.folder / f'{name}.log')}")
                time.sleep(0.05)

    def keep_metrics(self) -> None:
        """Write each process's page of metrics beside its log, as far as it still answers."""
        for name in self.processes:
            with contextlib.suppress(OSError, http.client.HTTPException):
                (self.folder / f"{name}.metrics").write_bytes(self.ask(name, "/metrics", timeout=2).body)

    def ask(
        self,
        service: str,
        path: str,
        method: str = "GET",
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout: float = 10,
    ) -> Answer:
        """One request over a connection of its own; *body* is sent as JSON.

        Raises:  OSError, http.client.HTTPException: it was not answered.
        """
        connection = http.client.HTTPConnection(HOST, self.plan.ports[service], timeout=timeout)
        sent = None if body is None else json.dumps(body).encode()
        typed = {} if body is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, body=sent, headers={**typed, **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())
        finally:
            connection.close()

    def run(self, *command: str, service: str) -> subprocess.CompletedProcess[str]:
        """Run a job of *service* with its settings: `python -m …`."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env={**os.environ, **self.plan.environment(service)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@contextlib.contextmanager
def running_shop(
    folder: Path,
    *,
    databases: Mapping[str, str] | None = None,
    environ: Mapping[str, str] | None = None,
    replicas: int = 1,
    traces: bool = False,
    door: DoorSettings | None = None,
) -> Iterator[ShopRun]:
    """The shop, ready, with its data in *folder*; no process of it is left after the block, and its metrics are kept.

    Args:    databases: DATABASE_URL of each service that has another than SQLite. environ: for all of its processes.
             replicas: of each service; more than one need PostgreSQL, and a door. traces: kept in `spans.jsonl`.
             door: has a front door stand before it, and services find one another through a balancer.
    """
    issuer = Issuer.create(folder / "keys")
    services = [name for service in SERVICES for name in replicas_of(service, replicas)]
    with contextlib.ExitStack() as stack:
        extra = dict(environ or {})
        if traces:
            extra["OTEL_EXPORTER_OTLP_ENDPOINT"] = stack.enter_context(file_collector(folder / "spans.jsonl"))
        ports = free_ports(*services, *WORKERS)
        doors = None if door is None else stack.enter_context(running_doors(folder, ports, door))
        if doors is not None:
            extra["PUBLIC_URL"] = doors.front.url
        plan = ShopProcesses(
            ports=ports,
            data=folder,
            keys=issuer.folder,
            secrets=SECRETS,
            databases=databases or {},
            extra=extra,
            addresses={} if doors is None else doors.addresses,
            # Whoever else may reach a service directly sends no X-Forwarded-For that counts: see docs/threats.md.
            proxies=0 if doors is None else 1,
        )
        yield from _run(ShopRun(folder, issuer, plan, doors=doors), services)


def _run(found: ShopRun, services: Sequence[str]) -> Iterator[ShopRun]:
    try:
        for service, url in found.plan.databases.items():
            migrated = subprocess.run(
                [sys.executable, "-m", "services.shared.migrate", service],
                cwd=ROOT,
                env={**os.environ, "DATABASE_URL": url},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
            if migrated.returncode != 0:
                raise StartFailed(f"{service}: its database was not migrated\n{migrated.stderr}")
        for name in services:
            found.start(name)
        found.await_ready()
        for name in WORKERS:
            found.start(name)
        found.await_ready(*WORKERS)
        yield found
        found.keep_metrics()
    finally:
        for name in found.processes:
            found.kill(name)
