"""Where each part is found among containers: by its name, at the port that it has on one machine."""

from __future__ import annotations

from typing import Any

from local.settings import HOST, PORTS

EVERYWHERE = "0.0.0.0"  # in a container of its own; compose.yaml publishes ports on loopback alone
# Ports of what runs in compose alone, as they are without PORT_BASE.
OWN_PORTS = {"grafana": 8034, "alloy-syslog": 8035}


def place(part: str) -> str:
    """`HOST:PORT` of *part* for other containers."""
    return f"{part}:{PORTS[part]}"


def url(part: str) -> str:
    """Its address, without a path."""
    return f"http://{place(part)}"


def moved(document: Any) -> Any:
    """*document* with each `127.0.0.1:PORT` of one machine as the place of the part whose port that is.

    Raises:  KeyError: no part has that port.
    """
    if isinstance(document, dict):
        return {name: moved(value) for name, value in document.items()}
    if isinstance(document, list):
        return [moved(value) for value in document]
    if isinstance(document, str) and document.startswith(f"{HOST}:"):
        return place(_PARTS[int(document.removeprefix(f"{HOST}:"))])
    return document


def variable(part: str) -> str:
    """The variable that holds the port which *part* is published at."""
    return f"{part.upper().replace('-', '_')}_PORT"


_PARTS = {port: part for part, port in PORTS.items()}
