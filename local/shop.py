"""The shop's processes: what each service and worker is started with, by the platform, the tests and the bench."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.settings import HOST

# In the order in which they start: orders calls the others.
SERVICES = ("catalog", "inventory", "payments", "users", "orders", "storefront")
WORKERS = ("payments-worker", "orders-worker")
# Services that call others sign their own tokens.
_CALLERS = frozenset({"orders", "payments"})
# Secrets that not every service is to know.
_KNOWN_BY = {"SESSION_KEY": ("storefront",), "WEBHOOK_KEY": ("orders", "payments")}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProcesses:
    """How the shop runs on one machine.

    ports:      by process: a service, another replica of it (`orders-2`), a worker. A worker's is that of its metrics,
                and may be left out.
    addresses:  where the others find a service that is not found at its own port: behind what spreads its calls.
    proxies:    how many of ours a request from outside has come through.
    data:       the folder of the SQLite databases. databases: DATABASE_URL of a service that has another one.
    keys:       the folder that `python -m services.shared.issuer keys` has filled.
    secrets:    FAULT_TOKEN, TRAFFIC_KEY, WEBHOOK_KEY, SESSION_KEY. extra: whatever else all of them are to have.
    """

    ports: Mapping[str, int]
    data: Path
    keys: Path
    secrets: Mapping[str, str] = field(repr=False)
    databases: Mapping[str, str] = field(default_factory=dict, repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)
    proxies: int = 0

    def url(self, service: str) -> str:
        """Where the others find *service*."""
        return self.addresses.get(service) or f"http://{HOST}:{self.ports[service]}"

    def command(self, name: str) -> tuple[str, ...]:
        """What starts the process *name*."""
        service = service_of(name)
        if not is_worker(name):
            return (
                sys.executable,
                "-m",
                "gunicorn",
                "-c",
                "python:services.shared.gunicorn",
                f"services.{service}.wsgi:app",
            )
        return (sys.executable, "-m", f"services.{service}.worker")

    def environment(self, name: str) -> dict[str, str]:
        """What *name*, or a job of the service *name*, finds in its environment."""
        service = service_of(name)
        variables = {
            "HOST": HOST,
            "DATA_DIR": str(self.data),
            "JWKS_FILE": str(self.keys / "jwks.json"),
            "WEBHOOK_URL": f"{self.url('orders')}/api/v1/webhooks/payments",
            **{f"{each.upper()}_URL": self.url(each) for each in SERVICES},
            "PROXIES": str(self.proxies),
            **{key: secret for key, secret in self.secrets.items() if service in _KNOWN_BY.get(key, SERVICES)},
            **self.extra,
        }
        if name in self.ports:
            variables["METRICS_PORT" if is_worker(name) else "PORT"] = str(self.ports[name])
        if service in _CALLERS:
            variables["SERVICE_KEY_FILE"] = str(self.keys / f"{service}.key.json")
        if service == "users":
            variables |= {"SIGNING_KEY_FILE": str(self.keys / "issuer.key.json"), "MAIL_DIR": str(self.data / "mail")}
        if service == "storefront":
            # This machine speaks http; a browser keeps a cookie for https alone to itself then.
            variables["COOKIE_SECURE"] = "0"
        if service in self.databases:
            # One that is not embedded is filled only when told: replicas start often, a shop opens once.
            variables |= {"DATABASE_URL": self.databases[service], "SEED": "1"}
        return variables


def is_worker(name: str) -> bool:
    """Whether the process *name* works through what waits, and answers nobody."""
    return name.endswith("-worker")


def service_of(name: str) -> str:
    """The service that the process *name* belongs to: `orders` of `orders`, `orders-2` and `orders-worker`."""
    return name.partition("-")[0]


def replicas_of(service: str, count: int) -> tuple[str, ...]:
    """Names of the processes that serve *service*: `orders`, `orders-2`, …"""
    return (service, *(f"{service}-{number}" for number in range(2, count + 1)))
