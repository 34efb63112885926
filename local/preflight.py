"""Everything that can be missing or taken, found before the first part is started."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from local import journey_parts, ops_parts
from local.choice import Choice
from local.errors import Refused
from local.settings import HOST, PORTS, Settings
from local.watch_parts import ALERTMANAGERS
from tools.install import find

# Logs, the past (some 500 MiB in cache and in Prometheus), a few days of samples.
LEAST_FREE_BYTES = 2 * 2**30


def check(settings: Settings, choice: Choice, *, more_ports: Iterable[str] = ()) -> dict[str, Path]:
    """Where the binaries are, if all is there. *more_ports*: names of ports that are needed beside those of the shop.

    Raises:  Refused: every fault at once, one a line.
    """
    found = {name: find(name) for name in _programs(choice)}
    faults = [f"{name} is not installed: run make setup{_more(name)}" for name, path in found.items() if path is None]
    if choice.whole:
        faults += _missing_output(settings)
    faults += [
        _taken(settings, part) for part in (*_listening(choice), *more_ports) if not is_free(settings.port(part))
    ]
    faults += _full_disk(settings)
    if faults:
        raise Refused("\n".join(faults))
    return {name: path for name, path in found.items() if path is not None}


def is_free(port: int) -> bool:
    """Whether *port* can be listened on here."""
    with socket.socket() as probe:
        # As servers do: what a closed connection leaves behind does not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _programs(choice: Choice) -> Iterator[str]:
    if choice.whole:
        yield from ("prometheus", "promtool", "alertmanager", "nginx")
    if choice.postgres:
        yield from ("postgres", "initdb")
    if choice.redis:
        yield "redis-server"


def _more(program: str) -> str:
    """What must be asked for beside, for a program that the plain platform does without."""
    return " test-tools" if program in ("postgres", "initdb", "redis-server") else ""


def _listening(choice: Choice) -> Iterator[str]:
    """Every part that will listen somewhere."""
    yield from (*choice.processes, *choice.workers)
    if choice.postgres:
        yield "postgres"
    if choice.redis:
        yield "redis"
    if choice.whole:
        yield from ("front-door", "pagerduty", journey_parts.NAME, ops_parts.NAME, "prometheus", *ALERTMANAGERS)
        yield from (f"{name}-cluster" for name in ALERTMANAGERS)
    if choice.replicated:
        yield from (name for name in PORTS if name.startswith("balancer-"))


def _missing_output(settings: Settings) -> list[str]:
    faults = []
    if not any(settings.generated_rules.glob("*.yaml")):
        faults.append(f"{settings.generated_rules} holds no rules: run ./generate.py build")
    if not settings.generated_routes.is_file():
        faults.append(f"{settings.generated_routes} is missing: run ./generate.py build")
    return faults


def _taken(settings: Settings, part: str) -> str:
    port = settings.port(part)
    return f"port {port} ({part}) is taken: free it, or move every port with PORT_BASE=18000"


def _full_disk(settings: Settings) -> list[str]:
    free = shutil.disk_usage(_existing(settings.run)).free
    if free >= LEAST_FREE_BYTES:
        return []
    need = f"{LEAST_FREE_BYTES / 2**30:.0f} GiB are needed"
    way_out = "make room, or name another place with TILLWATCH_STATE"
    return [f"{settings.run} has {free / 2**20:.0f} MiB left, {need}: {way_out}"]


def _existing(path: Path) -> Path:
    """*path*, or the folder above it that is there already."""
    while not path.exists():
        path = path.parent
    return path
