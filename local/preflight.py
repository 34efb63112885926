"""Everything that can be missing or taken, found before the first part is started."""

from __future__ import annotations

import socket
from pathlib import Path

from local.errors import Refused
from local.settings import HOST, PORTS, Settings
from tools.install import find

BINARIES = ("prometheus", "alertmanager")


def check(settings: Settings) -> dict[str, Path]:
    """Where the binaries are, if all is there.

    Raises:  Refused: every fault at once, one a line.
    """
    found = {name: find(name) for name in BINARIES}
    faults = [f"{name} is not installed: run make setup" for name, path in found.items() if path is None]
    faults += _missing_output(settings)
    faults += [_taken(settings, part) for part in PORTS if not is_free(settings.port(part))]
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
