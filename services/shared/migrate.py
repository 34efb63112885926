"""Brings a service's schema to the revision that its code needs.

    python -m services.shared.migrate SERVICE        (the database in DATABASE_URL)

Revisions are numbered (`0001`, `0002`, …) files in services/SERVICE/migrations/. Each only expands: the code of the
release before goes on working while a rollout replaces it; a later release takes away what nobody uses any more.
"""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from services.shared.database import POSTGRESQL, SQLITE, Database, open_database

_SERVICES = Path(__file__).resolve().parent.parent
# Any number, the same for all replicas: whoever holds it migrates.
_ADVISORY_LOCK = 0x7111


def head(service: str) -> str:
    """The latest revision that *service*'s code knows.

    Raises:  LookupError: it has no migrations.
    """
    found = ScriptDirectory.from_config(_config(service)).get_current_head()
    if found is None:
        raise LookupError(f"services/{service}/migrations holds no migration")
    return found


def upgrade(database: Database, service: str, revision: str = "head") -> None:
    """Bring *database* to *revision*, in one transaction; what is there already stays. Safe to run at once by many.

    Raises:  DatabaseUnavailable: not reachable, or somebody else migrates for longer than a lock is waited for.
    """
    with database.writing() as connection:
        if database.dialect == POSTGRESQL:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        config = _config(service)
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def prepare(database: Database, service: str) -> None:
    """Migrate an embedded database at the start of a process; PostgreSQL's is migrated by a job of its own.

    Raises:  DatabaseUnavailable: as `upgrade`.
    """
    # Later than ours is fine: the release after this one has only expanded it.
    if database.dialect == SQLITE and (database.revision() or "") < head(service):
        upgrade(database, service)


def _config(service: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SERVICES / "shared" / "migrations"))
    config.set_main_option("version_locations", str(_SERVICES / service / "migrations"))
    config.set_main_option("path_separator", "os")
    return config


def main(arguments: list[str]) -> int:
    """The command. Returns its exit code."""
    url = os.environ.get("DATABASE_URL")
    if len(arguments) != 1 or url is None:
        print("usage: DATABASE_URL=… python -m services.shared.migrate SERVICE", file=sys.stderr)
        return 2
    (service,) = arguments
    if not (_SERVICES / service / "migrations").is_dir():
        print(f"{service}: no service with migrations has this name", file=sys.stderr)
        return 2
    database = open_database(url)
    upgrade(database, service)
    print(f"{service}: at revision {database.revision()}")
    database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
