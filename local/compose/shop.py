"""What each container of the shop finds in its environment, and which of that is secret."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from local.compose.places import EVERYWHERE, url
from local.settings import PORTS
from local.shop import SERVICES, WORKERS, ShopProcesses

SECRETS = Path("/run/secrets")
# Kept out of compose.yaml and of `docker inspect`.
SECRET_VARIABLES = ("FAULT_TOKEN", "TRAFFIC_KEY", "WEBHOOK_KEY", "SESSION_KEY", "DATABASE_URL", "REDIS_URL")
# Seconds for requests in flight; compose.yaml lets a container have somewhat more.
GRACEFUL_TIMEOUT = 10


def processes(
    *, secrets: Mapping[str, str], databases: Mapping[str, str], redis_url: str, public_url: str
) -> ShopProcesses:
    """The shop's processes, each in a container of its own. *databases*: by service, its address."""
    return ShopProcesses(
        ports={name: PORTS[name] for name in (*SERVICES, *WORKERS)},
        data=Path("/data"),
        keys=SECRETS,
        secrets=secrets,
        databases=databases,
        extra={
            "GRACEFUL_TIMEOUT": str(GRACEFUL_TIMEOUT),
            "PUBLIC_URL": public_url,
            "REDIS_URL": redis_url,
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://jaeger:4318",
        },
        addresses={name: url(name) for name in SERVICES},
        proxies=1,
    )


def environment(plan: ShopProcesses, name: str) -> dict[str, str]:
    """What compose.yaml gives the process *name*, or a job of the service *name*."""
    public = {key: value for key, value in plan.environment(name).items() if key not in SECRET_VARIABLES}
    return public | {"HOST": EVERYWHERE}


def secret_environment(plan: ShopProcesses, service: str) -> dict[str, str]:
    """The rest of it, the same for each process of *service*."""
    return {key: value for key, value in plan.environment(service).items() if key in SECRET_VARIABLES}


def shell(variables: Mapping[str, str]) -> str:
    """*variables* for start.sh to read."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
