"""Makes the services' databases in one PostgreSQL, and brings each to its newest schema.

DATABASES=JSON python -m local.databases        JSON: the address of each service's database, by its name
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping

import psycopg
from psycopg import sql

from local.postgres import for_libpq
from local.settings import ROOT

MIGRATION_SECONDS = 120


def addresses(server: str, services: Iterable[str]) -> dict[str, str]:
    """The address of each service's database at *server*, whose own address ends with a database's name."""
    return {service: f"{server.rpartition('/')[0]}/{service}" for service in services}


def create(address: str) -> None:
    """Make the database of *address*, unless it is there.

    Raises:  psycopg.Error.
    """
    server, _, name = for_libpq(address).rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def main(environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code."""
    for service, address in json.loads(environ["DATABASES"]).items():
        create(address)
        done = subprocess.run(
            [sys.executable, "-m", "services.shared.migrate", service],
            cwd=ROOT,
            env={**environ, "DATABASE_URL": address},
            timeout=MIGRATION_SECONDS,
            check=False,
        )
        if done.returncode:
            return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
