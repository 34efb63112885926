"""The scheduled jobs of orders: python -m services.orders.jobs --help."""

import json
import logging.config
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click
from prometheus_client import CollectorRegistry

from services.orders.adapters.carts import open_carts
from services.orders.assembly import assemble
from services.orders.domain.reconciliation import GRACE_SECONDS
from services.orders.figures import BACKUP, EXPIRE, PURGE, RECONCILE, RESOLVE
from services.orders.job_runs import Report, Shop, run_backup, run_expire, run_purge, run_reconcile, run_resolve
from services.shared import logs
from services.shared.backup import BackupFailed
from services.shared.config import from_environ
from services.shared.database import open_database
from services.shared.errors import ConfigError, DatabaseUnavailable, PeerUnavailable, PeerUnknown


@contextmanager
def opened(environ: Mapping[str, str]) -> Iterator[Shop]:
    """The shop that *environ* names.

    Raises:  ConfigError
    """
    config = from_environ("orders", environ)
    logging.config.dictConfig(logs.settings(config.log_level, config.service))
    database = open_database(config.database_url, pool_size=2)
    try:
        parts = assemble(
            config=config, database=database, registry=CollectorRegistry(), carts=open_carts(environ, database)
        )
        yield Shop(config=config, database=database, parts=parts)
    finally:
        database.close()


def _run(job: str, work: Callable[[Shop], Report], as_json: bool) -> None:
    """Do *work* and say what came of it; exits with 1 for a discrepancy, with 3 where it could not be done."""
    try:
        with opened(os.environ) as shop:
            report = work(shop)
    except (BackupFailed, ConfigError, DatabaseUnavailable, PeerUnavailable, PeerUnknown, OSError) as error:
        click.echo(
            json.dumps({"job": job, "ok": False, "error": str(error)}) if as_json else f"{job}: {error}", err=True
        )
        sys.exit(3)
    if as_json:
        click.echo(json.dumps({"job": job, **report}))
    else:
        for name, value in report.items():
            if name != "differing":
                click.echo(f"{name}: {value}")
        for each in report.get("differing", ()):
            click.echo(f"{each['reference']}: {each['verdict']}, {each['state'] or 'no order'}")
    sys.exit(0 if report["ok"] else 1)


_json = click.option("--json", "as_json", is_flag=True, help="Say what came of it as one line of JSON.")


@click.group(help="The scheduled jobs of orders. Exit codes: 0 done, 1 something differs, 3 could not be done.")
def main() -> None:
    """The command."""


@main.command(EXPIRE, help=run_expire.__doc__)
@_json
def _expire(as_json: bool) -> None:
    _run(EXPIRE, run_expire, as_json)


@main.command(RESOLVE, help=run_resolve.__doc__)
@_json
def _resolve(as_json: bool) -> None:
    _run(RESOLVE, run_resolve, as_json)


@main.command(RECONCILE, help="Compare every order with the gateway: one capture an order, no capture without one.")
@click.option("--grace", type=click.FloatRange(0), default=GRACE_SECONDS, show_default=True, metavar="SECONDS")
@_json
def _reconcile(grace: float, as_json: bool) -> None:
    _run(RECONCILE, lambda shop: run_reconcile(shop, grace_seconds=grace), as_json)


@main.command(PURGE, help=run_purge.__doc__)
@_json
def _purge(as_json: bool) -> None:
    _run(PURGE, run_purge, as_json)


@main.command(BACKUP, help="Copy the database while it is used; seven copies are kept.")
@click.option("--to", type=click.Path(path_type=Path), help="The folder; by default DATA_DIR/backups.")
@_json
def _backup(to: Path | None, as_json: bool) -> None:
    _run(BACKUP, lambda shop: run_backup(shop, to or shop.config.data_dir / "backups"), as_json)


if __name__ == "__main__":
    main()
