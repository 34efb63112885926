"""The gateway's scheduled jobs.

python -m services.payments.jobs reconcile [--repair]    payments against the ledger; exits with 1 if they differ
python -m services.payments.jobs backup [--to FOLDER]    a copy; by default in DATA_DIR/backups
"""

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from services.payments.adapters.reconciliation import compare, repair
from services.payments.domain.ledger import DISCREPANCIES
from services.payments.figures import BACKUP, DISCREPANCY, DISCREPANT, OK, RECONCILE, RECONCILIATIONS
from services.shared import jobs
from services.shared.backup import BackupFailed, backup
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import ConfigError, DatabaseUnavailable

MAX_SHOWN = 20


def reconcile(database: Database, *, now: float, repairing: bool = False, say: Callable[[str], None] = print) -> int:
    """Compare every payment with the ledger; with *repairing*, bring those that differ back to it.

    Returns:  how many differ, those that were repaired included.
    Raises:   DatabaseUnavailable.
    """
    checked, found = 0, 0
    kinds: Counter[str] = Counter()
    for compared in compare(database):
        checked += 1
        if not compared.wrong:
            continue
        found += 1
        kinds.update(compared.wrong)
        done = ""
        if repairing:
            done = ": repaired" if repair(database, compared) else ": not repaired"
        if found <= MAX_SHOWN:
            say(f"{compared.payment.reference}: differs in {', '.join(compared.wrong)}{done}")
    with database.writing() as connection:
        jobs.add(connection, RECONCILIATIONS.name, 1, {"result": DISCREPANCY if found else OK})
        for kind in DISCREPANCIES:
            jobs.put(connection, DISCREPANT.name, kinds[kind], {"kind": kind})
        jobs.succeeded(connection, RECONCILE, now=now)
    say(f"{checked} payments checked, {found} differ from the ledger")
    return found


def back_up(config: Config, database: Database, folder: Path, *, now: float) -> Path:
    """A new copy of the database in *folder*.

    Raises:  BackupFailed, OSError, DatabaseUnavailable.
    """
    copy = backup(config.database_url, folder, "payments", now=now)
    with database.writing() as connection:
        jobs.succeeded(connection, BACKUP, now=now)
    return copy


def _run(parsed: argparse.Namespace, config: Config) -> int:
    database = open_database(config.database_url, pool_size=2)
    try:
        if parsed.job == RECONCILE:
            return 1 if reconcile(database, now=time.time(), repairing=parsed.repair) else 0
        print(back_up(config, database, parsed.to or config.data_dir / "backups", now=time.time()))
        return 0
    finally:
        database.close()


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code: 1 for a discrepancy, 3 for a job that could not be done."""
    parser = argparse.ArgumentParser(prog="python -m services.payments.jobs", description="The gateway's jobs.")
    commands = parser.add_subparsers(dest="job", required=True)
    reconciling = commands.add_parser(RECONCILE, help="compare payments with the ledger")
    reconciling.add_argument("--repair", action="store_true", help="bring payments that differ back to the ledger")
    copying = commands.add_parser(BACKUP, help="copy the database while it is used")
    copying.add_argument("--to", type=Path, metavar="FOLDER", help="by default DATA_DIR/backups")
    parsed = parser.parse_args(arguments)
    try:
        return _run(parsed, from_environ("payments", environ))
    except (BackupFailed, ConfigError, DatabaseUnavailable, OSError) as error:
        print(f"{parsed.job}: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
