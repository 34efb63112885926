"""The inventory's scheduled jobs. Each says what it did in one line of JSON.

python -m services.inventory.jobs expire                  give back what is held past its time; every minute
python -m services.inventory.jobs reconcile [--repair]    do the books agree? exits with 1 if not; every hour
python -m services.inventory.jobs backup [--to FOLDER]    a copy; by default in DATA_DIR/backups
python -m services.inventory.jobs seed                    receive the opening stock of SKUs that are not known yet
"""

import argparse
import json
import logging.config
import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.inventory.adapters import figures, seed
from services.inventory.adapters.figures import BACKUP, EXPIRE, RECONCILE, SEED
from services.inventory.adapters.sql import SqlUnitOfWork
from services.inventory.domain.discrepancy import Fault
from services.inventory.domain.reconcile import reconcile, repair
from services.inventory.domain.settle import expire_due
from services.shared import idempotency, jobs, logs, migrate, outbox
from services.shared.backup import BackupFailed, backup
from services.shared.config import Config, from_environ
from services.shared.database import Database, open_database
from services.shared.errors import ConfigError, DatabaseUnavailable, NotReady

_LOGGER = logging.getLogger(__name__)
DONE, DISCREPANT, FAILED = 0, 1, 3
# What one run does at most; the next goes on from there.
MAX_EXPIRED = 10_000
# Longer than orders repeats an event.
KEEP_RECEIPTS_MS = 30 * 24 * 3600 * 1000
# SKUs that a report names; the figures count all of them.
MAX_SHOWN = 50
Said = dict[str, Any]


def run_expire(database: Database, *, now: float) -> tuple[int, Said]:
    """Give back what is due; forget answers to Idempotency-Keys after a day, receipts of events after 30.

    Raises:  DatabaseUnavailable
    """
    failures: list[str] = []

    def failed(ref: str, error: Exception) -> None:
        failures.append(ref)
        _LOGGER.error("a hold could not be given back", extra={"ref": ref}, exc_info=error)

    now_ms = int(now * 1000)
    expired = expire_due(SqlUnitOfWork(database), now_ms=now_ms, most=MAX_EXPIRED, failed=failed)
    with database.writing() as connection:
        idempotency.purge(connection, now_ms=now_ms)
        outbox.forget_received(connection, before_ms=now_ms - KEEP_RECEIPTS_MS, most=MAX_EXPIRED)
        figures.expired(connection, expired, failed=len(failures), now=now)
    return (FAILED if failures else DONE), {"expired": expired, "failed": len(failures)}


def run_reconcile(database: Database, *, now: float, repairing: bool) -> tuple[int, Said]:
    """Compare the books; with *repairing*, set right what is reserved, and compare again.

    Raises:  DatabaseUnavailable
    """
    unit_of_work, now_ms = SqlUnitOfWork(database), int(now * 1000)
    report = reconcile(unit_of_work, now_ms=now_ms)
    said: Said = {}
    if repairing and report.units(Fault.RESERVED_MISMATCH):
        done = repair(unit_of_work, report, now_ms=now_ms)
        said = {"repaired": done.repaired[:MAX_SHOWN], "not_repaired": done.left[:MAX_SHOWN]}
        report = reconcile(unit_of_work, now_ms=now_ms)
    found = [{"sku": each.sku, "kind": each.fault.value, "units": each.units} for each in report.findings]
    said |= {
        "skus": report.skus,
        "discrepancy_units": {fault.value: report.units(fault) for fault in Fault},
        "newly_oversold": report.newly_oversold,
        "found": found[:MAX_SHOWN],
        "found_in_all": len(found),
    }
    return (DISCREPANT if found else DONE), said


def run_backup(database: Database, config: Config, folder: Path, *, now: float) -> tuple[int, Said]:
    """A new copy of the database in *folder*.

    Raises:  BackupFailed, OSError, DatabaseUnavailable
    """
    copy = backup(config.database_url, folder, config.service, now=now)
    with database.writing() as connection:
        jobs.succeeded(connection, BACKUP, now=now)
    return DONE, {"file": str(copy), "bytes": copy.stat().st_size}


def run_seed(database: Database, *, now: float) -> tuple[int, Said]:
    """Receive the opening stock of SKUs that are not known yet.

    Raises:  DatabaseUnavailable
    """
    return DONE, {"received": seed.sow(database, seed.load_seed(), now_ms=int(now * 1000))}


def _run(parsed: argparse.Namespace, config: Config, now: float) -> tuple[int, Said]:
    config.data_dir.mkdir(parents=True, exist_ok=True)
    database = open_database(config.database_url, pool_size=2)
    try:
        migrate.prepare(database, config.service)
        database.check(migrate.head(config.service))
        if parsed.job == EXPIRE:
            return run_expire(database, now=now)
        if parsed.job == RECONCILE:
            return run_reconcile(database, now=now, repairing=parsed.repair)
        if parsed.job == BACKUP:
            return run_backup(database, config, parsed.to or config.data_dir / "backups", now=now)
        return run_seed(database, now=now)
    finally:
        database.close()


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """The command. Returns its exit code: 0 done, 1 books that do not agree, 3 a job that could not be done."""
    parser = argparse.ArgumentParser(prog="python -m services.inventory.jobs", description="The inventory's jobs.")
    commands = parser.add_subparsers(dest="job", required=True)
    commands.add_parser(EXPIRE, help="give back what is held past its time")
    reconciling = commands.add_parser(RECONCILE, help="compare stock with reservations and movements")
    reconciling.add_argument("--repair", action="store_true", help="set what is reserved to what is held")
    copying = commands.add_parser(BACKUP, help="copy the database while it is used")
    copying.add_argument("--to", type=Path, metavar="FOLDER", help="by default DATA_DIR/backups")
    commands.add_parser(SEED, help="receive the opening stock of SKUs that are not known yet")
    parsed = parser.parse_args(arguments)
    try:
        config = from_environ("inventory", environ)
        logging.config.dictConfig(logs.settings(config.log_level, config.service))
        code, said = _run(parsed, config, time.time())
    except (BackupFailed, ConfigError, DatabaseUnavailable, NotReady, OSError) as error:
        print(f"{parsed.job}: {error}", file=sys.stderr)
        return FAILED
    print(json.dumps({"job": parsed.job} | said))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
