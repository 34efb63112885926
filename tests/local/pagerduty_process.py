"""The stand-in and real Alertmanagers as the platform starts them, in processes that end with the block."""

import contextlib
import copy
import dataclasses
import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import urllib3
import yaml

from local import watch_parts
from local.alertmanager_config import key_files, localised
from local.part import Part
from local.secret import write_secret
from local.server import program
from local.settings import ROOT, Settings

TOKEN = "token-of-this-run"
KEY = "a" * 32
# Both are started before either is waited for, so one may have tried in vain to reach the other.
PEERS = ("--cluster.peer-timeout=1s", "--cluster.settle-timeout=10s", "--cluster.reconnect-interval=1s")


@dataclasses.dataclass(frozen=True)
class Process:
    """One that runs: its group can be killed, and it can be asked."""

    popen: "subprocess.Popen[bytes]"
    url: str
    ready_path: str = "/-/ready"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """One request, not tried again."""
        return urllib3.request(method, self.url + path, json=body, headers=headers, timeout=10, retries=False)

    def lives(self) -> bool:
        """Whether it answers."""
        assert self.popen.poll() is None, "it has ended"
        try:
            return self.ask("GET", self.ready_path).status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def metric(self, name: str) -> float:
        """The sum of the series whose line begins with *name*."""
        lines = self.ask("GET", "/metrics").data.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name))

    def kill(self) -> None:
        """End it and its children at once, as SIGKILL does."""
        os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


@dataclasses.dataclass(frozen=True)
class Standin(Process):
    """The PagerDuty stand-in."""

    def fault(self, **fault: Any) -> None:
        """Switch every fault off, and this one on."""
        bearer = {"Authorization": f"Bearer {TOKEN}"}
        assert self.ask("DELETE", "/internal/faults", **bearer).status == 204
        if fault:
            assert self.ask("POST", "/internal/faults", {"seconds": 120, **fault}, **bearer).status == 201

    def incidents(self) -> list[dict[str, Any]]:
        """What it shows."""
        found: list[dict[str, Any]] = self.ask("GET", "/incidents").json()["incidents"]
        return found

    def results(self, *results: str) -> float:
        """Events with these results."""
        return sum(self.metric(f'pagerduty_events_total{{result="{result}"}}') for result in results)


def event(key: str, **payload: Any) -> dict[str, Any]:
    """A trigger."""
    payload = {"summary": f"{key} fails", "source": "test", "severity": "critical", **payload}
    return {"routing_key": KEY, "event_action": "trigger", "dedup_key": key, "payload": payload}


@contextlib.contextmanager
def standin(settings: Settings, wait_for: Callable[..., Any], **environment: str) -> Iterator[Standin]:
    """The stand-in, ready; its data are those of *settings*."""
    write_secret(settings.keys / "catalog" / "routing_key", KEY)
    part = watch_parts.pagerduty(settings, fault_token=TOKEN)
    part = dataclasses.replace(part, environment={**part.environment, **environment})
    with _started(settings, part) as popen:
        found = Standin(popen, settings.url("pagerduty"), "/livez")
        wait_for(found.lives, 30)
        yield found


@contextlib.contextmanager
def alertmanagers(
    settings: Settings, wait_for: Callable[..., Any], *, count: int = 2, key: str = KEY, group_interval: str = "1s"
) -> Iterator[tuple[Process, ...]]:
    """Real Alertmanagers with the generated routes, which wait for nothing before they send."""
    generated = yaml.safe_load((ROOT / "generated/alertmanager/alertmanager.yaml").read_text(encoding="utf-8"))
    generated["route"] = _at_once(generated["route"], group_interval)
    more = PEERS if count > 1 else ("--cluster.listen-address=",)
    with configured(settings, wait_for, generated, count=count, key=key, more=more) as found:
        yield found


@contextlib.contextmanager
def configured(
    settings: Settings,
    wait_for: Callable[..., Any],
    generated: dict[str, Any],
    *,
    count: int = 2,
    key: str = "",
    more: Sequence[str] = (),
) -> Iterator[tuple[Process, ...]]:
    """Real Alertmanagers with this configuration, moved to this machine. Without a *key* each team has its own."""
    config = localised(generated, pagerduty_url=settings.url("pagerduty") + "/v2/enqueue", keys=settings.keys)
    for file in key_files(config):
        if key or not file.exists():
            write_secret(file, key or file.parent.name.ljust(32, "k"))
    settings.alertmanager_config.write_text(yaml.safe_dump(config), encoding="utf-8")
    with contextlib.ExitStack() as stack:
        found = []
        parts = tuple(watch_parts.alertmanagers(settings, program("alertmanager")))
        for part in parts if count > 1 else map(_alone, parts[:1]):
            popen = stack.enter_context(_started(settings, part, more))
            found.append(Process(popen, settings.url(part.name)))
            wait_for(found[-1].lives, 30)
        yield tuple(found)


def send(processes: Sequence[Process], *, ends_at: str | None = None) -> None:
    """Tell all of them of one alert of the catalog's, as Prometheus does."""
    labels = {"alertname": "CatalogAvailability", "service": "catalog", "slo": "availability", "team": "catalog"}
    alert: dict[str, Any] = {
        "labels": {**labels, "severity": "page", "sloth_severity": "page"},
        "annotations": {"title": "(page) it burns", "summary": "too fast"},
    }
    if ends_at is not None:
        alert["endsAt"] = ends_at
    for process in processes:
        assert process.ask("POST", "/api/v2/alerts", [alert]).status == 200


def _alone(part: Part) -> Part:
    """*part* without a cluster, and so without the wait for it."""
    return dataclasses.replace(part, command=tuple(word for word in part.command if not word.startswith("--cluster")))


def _at_once(route: dict[str, Any], group_interval: str) -> dict[str, Any]:
    if route.get("continue"):  # an escalation: it is its wait
        return route
    route = {**copy.deepcopy(route), "group_wait": "10ms", "group_interval": group_interval, "repeat_interval": "1h"}
    return {**route, "routes": [_at_once(each, group_interval) for each in route.get("routes", ())]}


@contextlib.contextmanager
def _started(settings: Settings, part: Part, more: Sequence[str] = ()) -> Iterator["subprocess.Popen[bytes]"]:
    settings.logs.mkdir(parents=True, exist_ok=True)
    with (settings.logs / f"{part.name}.log").open("ab") as log:
        popen = subprocess.Popen(
            [*part.command, *more],
            cwd=ROOT,
            env={**os.environ, **part.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield popen
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGTERM)
        try:
            popen.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()


def read_events(path: Path) -> list[dict[str, Any]]:
    """Every line of the file of events."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
