"""The catalog's jobs, each run once and ended: what CronJobs call.

python -m services.catalog.jobs backup [--to FOLDER]     copies the database, by default to DATA_DIR/backups
python -m services.catalog.jobs seed                     fills a catalog that is empty
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.catalog.adapters.figures import BACKUP
from services.catalog.adapters.seed import seed_if_empty
from services.shared import jobs, migrate
from services.shared.backup import BackupFailed, backup
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import SharedError


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m services.catalog.jobs", description="The catalog's jobs.")
    commands = parser.add_subparsers(dest="job", required=True)
    copy = commands.add_parser(BACKUP, help="copy the database while it is used")
    copy.add_argument("--to", type=Path, metavar="FOLDER", help="by default DATA_DIR/backups")
    commands.add_parser("seed", help="fill an empty catalog")
    parsed = parser.parse_args(arguments)
    try:
        config = from_environ("catalog", environ)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(config.database_url)
        try:
            said = _back_up(config, database, parsed.to) if parsed.job == BACKUP else _seed(database)
        finally:
            database.close()
    except (BackupFailed, SharedError, OSError) as error:
        print(f"{parsed.job}: {error}", file=sys.stderr)
        return 1
    print(f"{parsed.job}: {said}")
    return 0


def _back_up(config: Config, database: Database, folder: Path | None) -> str:
    now = time.time()
    copy = backup(config.database_url, folder or config.data_dir / "backups", config.service, now=now)
    with database.writing() as connection:
        jobs.succeeded(connection, BACKUP, now=now)
    return str(copy)


def _seed(database: Database) -> str:
    migrate.prepare(database, "catalog")
    return f"{seed_if_empty(database)} products added"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
