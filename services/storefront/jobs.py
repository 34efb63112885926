"""The storefront's jobs, each run once and ended: what CronJobs call.

python -m services.storefront.jobs purge                    forgets sessions that nobody comes back to
python -m services.storefront.jobs backup [--to FOLDER]     copies the database, by default to DATA_DIR/backups
"""

import argparse
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from services.shared import jobs, migrate
from services.shared.backup import BackupFailed, backup
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import SharedError
from services.storefront.adapters.figures import BACKUP, PURGE
from services.storefront.adapters.housekeeping import purge

# A job that is far behind goes on at its next run.
MAX_ROUNDS = 1000


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code: 0 done, 1 failed, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m services.storefront.jobs", description="The storefront's jobs.")
    commands = parser.add_subparsers(dest="job", required=True)
    commands.add_parser(PURGE, help="forget sessions that nobody comes back to")
    copy = commands.add_parser(BACKUP, help="copy the database while it is used")
    copy.add_argument("--to", type=Path, metavar="FOLDER", help="by default DATA_DIR/backups")
    parsed = parser.parse_args(arguments)
    try:
        config = from_environ("storefront", environ)
        config.data_dir.mkdir(parents=True, exist_ok=True)
        database = open_database(config.database_url, pool_size=2)
        try:
            migrate.prepare(database, config.service)
            said = _back_up(config, database, parsed.to) if parsed.job == BACKUP else _purge(database)
            with database.writing() as connection:
                jobs.succeeded(connection, parsed.job, now=time.time())
        finally:
            database.close()
    except (BackupFailed, SharedError, OSError) as error:
        print(f"{parsed.job}: {error}", file=sys.stderr)
        return 1
    print(f"{parsed.job}: {said}")
    return 0


def _back_up(config: Config, database: Database, folder: Path | None) -> str:
    del database
    return str(backup(config.database_url, folder or config.data_dir / "backups", config.service, now=time.time()))


def _purge(database: Database) -> str:
    now_ms = int(time.time() * 1000)
    gone = 0
    for _ in range(MAX_ROUNDS):
        done = purge(database, now_ms=now_ms)
        gone += done
        if done == 0:
            break
    return f"{gone} sessions forgotten"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
