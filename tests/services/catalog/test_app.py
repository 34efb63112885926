"""The catalog is built from what it is given, never by being imported."""

import subprocess
import sys
from pathlib import Path

from prometheus_client import CollectorRegistry

from services.catalog.adapters.memory import InMemoryProducts
from services.catalog.app import create_app
from services.shared.config import Config

ROOT = Path(__file__).parents[3]
IMPORTS_ALL = """
import logging, pkgutil, threading, sys, importlib
from prometheus_client import REGISTRY
import services
before = (len(logging.getLogger().handlers), threading.active_count(), len(list(REGISTRY.collect())))
for module in pkgutil.walk_packages(services.__path__, "services."):
    if not module.name.endswith((".wsgi", ".gunicorn")):
        importlib.import_module(module.name)
after = (len(logging.getLogger().handlers), threading.active_count(), len(list(REGISTRY.collect())))
assert before == after, (before, after)
assert "services.catalog.api" in sys.modules
"""


def test_importing_does_nothing() -> None:
    """No handler, thread or metric comes of importing any module but the entry points."""
    run = subprocess.run(
        [sys.executable, "-c", IMPORTS_ALL], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")


def test_two_catalogs_live_side_by_side() -> None:
    """Each has its own metrics, products and faults."""
    registries = CollectorRegistry(), CollectorRegistry()
    first, second = (
        create_app(repository=InMemoryProducts([]), registry=registry, config=Config(service="catalog"))
        for registry in registries
    )
    assert first.test_client().get("/api/v1/products").json == {"items": [], "next_cursor": None}
    labels = {
        "http_request_method": "GET",
        "http_route": "/api/v1/products",
        "http_response_status_code": "200",
        "traffic": "user",
    }
    assert [registry.get_sample_value("http_server_requests_total", labels) for registry in registries] == [
        1,
        0,
    ]
    assert second.test_client().get("/readyz").status_code == 200
