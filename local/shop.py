"""The shop's processes: what each service and worker is started with, by the platform, the tests and the bench."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.settings import HOST

# In the order in which they start: orders calls the others.
SERVICES = ("catalog", "inventory", "payments", "orders")
WORKERS = ("payments-worker", "orders-worker")
# Services that call others sign their own tokens.
_CALLERS = frozenset({"orders", "payments"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProcesses:
    """How the shop runs on one machine.

    ports:      by service or worker; a worker's is that of its metrics, and may be left out.
    data:       the folder of the SQLite databases. databases: DATABASE_URL of a service that has another one.
    keys:       the folder that `python -m services.shared.issuer keys` has filled.
    secrets:    FAULT_TOKEN, TRAFFIC_KEY, WEBHOOK_KEY. extra: whatever else all of them are to have.
    """

    ports: Mapping[str, int]
    data: Path
    keys: Path
    secrets: Mapping[str, str] = field(repr=False)
    databases: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)

    def url(self, service: str) -> str:
        """Where *service* answers."""
        return f"http://{HOST}:{self.ports[service]}"

    def command(self, name: str) -> tuple[str, ...]:
        """What starts the service or worker *name*."""
        if name in SERVICES:
            return (
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "python:services.shared.gunicorn",
                f"services.{name}.wsgi:app",
            )
        return (sys.executable, "-m", f"services.{service_of(name)}.worker")

    def environment(self, name: str) -> dict[str, str]:
        """What *name*, or a job of the service *name*, finds in its environment."""
        service = service_of(name)
        variables = {
            "HOST": HOST,
            "DATA_DIR": str(self.data),
            "JWKS_FILE": str(self.keys / "jwks.json"),
            "WEBHOOK_URL": f"{self.url('orders')}/api/v1/webhooks/payments",
            **{f"{each.upper()}_URL": self.url(each) for each in SERVICES},
            **self.secrets,
            **self.extra,
        }
        if name in self.ports:
            variables["PORT" if name in SERVICES else "METRICS_PORT"] = str(self.ports[name])
        if service in _CALLERS:
            variables["SERVICE_KEY_FILE"] = str(self.keys / f"{service}.key.json")
        if service in self.databases:
            # One that is not embedded is filled only when told: replicas start often, a shop opens once.
            variables |= {"DATABASE_URL": self.databases[service], "SEED": "1"}
        return variables


def service_of(name: str) -> str:
    """The service that the worker *name* works for; a service's own name for itself."""
    return name.removesuffix("-worker")
