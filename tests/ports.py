"""Ports for a whole platform, which lie side by side: free ones, and another worker's tests look elsewhere first."""

import os
import socket
from collections.abc import Iterator

from local.settings import HOST, PORTS

FIRST, LAST, STEP = 20000, 30000, 137
WORKERS = 8


def free_base() -> int:
    """A PORT_BASE with which every port of `local.settings` is free now."""
    return next(base for base in _bases() if _all_free(base))


def _bases() -> Iterator[int]:
    """All of them; who asks at the same time in another worker gets them in another order."""
    found = range(FIRST, LAST, STEP)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    begin = worker * len(found) // WORKERS
    yield from found[begin:]
    yield from found[:begin]


def _all_free(base: int) -> bool:
    for port in PORTS.values():
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port + base - 8000))
            except OSError:
                return False
    return True
