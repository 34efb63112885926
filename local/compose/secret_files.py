"""The secrets of the compose platform: files, made once and kept, which their containers alone are given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from local import redis_server
from local.compose import shop
from local.compose.places import EVERYWHERE
from local.databases import addresses
from local.journey_parts import staff_password
from local.secret import new_token, write_secret
from local.shop import SERVICES, ShopProcesses

SHARED = ("FAULT_TOKEN", "TRAFFIC_KEY", "WEBHOOK_KEY", "SESSION_KEY")
POSTGRES, REDIS = "postgres:5432", "redis:6379"


def kept(folder: Path, name: str) -> str:
    """The token in *folder*'s file *name*, which is made unless it is there."""
    file = folder / name
    if not file.exists():
        write_secret(file, new_token())
    return file.read_text(encoding="utf-8")


def plan(folder: Path, *, public_url: str) -> ShopProcesses:
    """The shop's processes with the secrets that *folder* keeps."""
    passwords = {service: kept(folder, f"database_{service}") for service in SERVICES}
    return shop.processes(
        secrets={name: kept(folder, name.lower()) for name in SHARED},
        databases={
            service: addresses(f"postgresql+psycopg://{service}:{password}@{POSTGRES}/postgres", (service,))[service]
            for service, password in passwords.items()
        },
        redis_url=f"redis://:{kept(folder, 'redis_password')}@{REDIS}",
        public_url=public_url,
    )


def files(folder: Path, processes: ShopProcesses) -> Mapping[str, str]:
    """By its name, the content of each file that is made of the secrets in *folder*."""
    environments = {f"{name}.env": shop.shell(shop.secret_environment(processes, name)) for name in SERVICES}
    password = kept(folder, "redis_password")
    return {
        **environments,
        "probe_staff_password": staff_password(kept(folder, "probe_key")),
        "pagerduty.env": shop.shell({"FAULT_TOKEN": kept(folder, "fault_token")}),
        "ops.env": shop.shell({"OPS_TOKEN": kept(folder, "ops_token")}),
        "databases.sql": databases({name: kept(folder, f"database_{name}") for name in SERVICES}),
        # Whatever Redis on one machine is told, in a container.
        "redis.conf": redis_server.CONFIGURATION.format(
            host=EVERYWHERE, port=REDIS.rpartition(":")[2], password=password, folder='"/data"'
        ),
    }


def databases(passwords: Mapping[str, str]) -> str:
    """SQL that makes a database for each service, which belongs to a role of its own; *passwords* by service."""
    return "".join(
        f"CREATE ROLE {name} LOGIN PASSWORD '{password}';\n"
        f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 ENCODING 'UTF8';\n"
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;\n"
        for name, password in passwords.items()
    )
