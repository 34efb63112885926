"""Which routes the running services have: those of their applications, beside those that their documents name."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.settings import ROOT
from local.shop_run import ShopRun

START_SECONDS = 120
# What Flask adds to every route by itself.
ADDED = frozenset({"HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Route:
    """One method of one path; its parameters in curly brackets, as documents write them."""

    service: str
    path: str
    method: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.service}: {self.method} {self.path}"


def routes_of(shop: ShopRun, folder: Path, *services: str) -> frozenset[Route]:
    """Every route of *services* with the settings they run with; their data is a copy of nothing, in *folder*."""
    started = {service: _start(shop, folder, service) for service in services}
    return frozenset(route for service, process in started.items() for route in _read(service, process))


def _start(shop: ShopRun, folder: Path, service: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, **shop.plan.environment(service), "DATA_DIR": str(folder), "LOG_LEVEL": "error"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.attacks.url_map", service],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )


def _read(service: str, process: "subprocess.Popen[str]") -> list[Route]:
    try:
        printed, _ = process.communicate(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, f"{service} did not say its routes"
    return [
        Route(service=service, path=rule["path"], method=method, parameters=tuple(rule["parameters"]))
        for rule in json.loads(printed)
        for method in rule["methods"]
        if method not in ADDED
    ]


def documented(document: Any) -> dict[tuple[str, str], Any]:
    """Each operation of an OpenAPI *document*, by path and method."""
    return {
        (path, method.upper()): operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }
