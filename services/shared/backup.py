"""Copies a service's database while it is in use: SQLite's by its own means, PostgreSQL's by pg_dump."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import URL, make_url

from services.shared.database import SQLITE

KEEP = 7
_DUMP_SECONDS = 600.0
_TIME = "%Y%m%dT%H%M%SZ"


class BackupFailed(Exception):
    """There is no new copy; those that were there are. The text holds no password."""


def backup(database_url: str, folder: Path, service: str, *, now: float) -> Path:
    """A new copy of *service*'s database in *folder*, readable by this user alone.

    Once it is whole and on the disk, the oldest beyond KEEP are removed.

    Args:    now: Unix seconds; it names the copy.
    Raises:  BackupFailed.  OSError: the folder cannot be written.
    """
    url = make_url(database_url)
    of_sqlite = url.get_backend_name() == SQLITE
    copy: Callable[[URL, Path], None] = _copy_sqlite if of_sqlite else _dump_postgresql
    suffix = ".db" if of_sqlite else ".dump"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    finished = folder / f"{service}-{datetime.fromtimestamp(now, UTC):{_TIME}}{suffix}"
    unfinished = folder / f".{finished.name}.{os.getpid()}"
    try:
        unfinished.touch(mode=0o600)
        copy(url, unfinished)
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(finished)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in sorted(folder.glob(f"{service}-*{suffix}"))[:-KEEP]:
        old.unlink()
    return finished


def _copy_sqlite(url: URL, target: Path) -> None:
    source = Path(url.database or "")
    if not source.is_file():
        raise BackupFailed("there is no database file to copy")
    try:
        with closing(sqlite3.connect(source, timeout=30)) as origin, closing(sqlite3.connect(target)) as copy:
            # In one step: it reads one moment, and writers go on meanwhile.
            origin.backup(copy)
            # One file that is whole by itself, without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite: {error}") from error
    if state != "ok":
        raise BackupFailed("the copy is not sound")


def _dump_postgresql(url: URL, target: Path) -> None:
    # `set` takes None for "as it is".
    address = url._replace(drivername="postgresql", password=None).render_as_string()
    command = ["pg_dump", "--format=custom", "--no-password", f"--file={target}", f"--dbname={address}"]
    # Not an argument: those are shown to everybody on the machine.
    environ = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    try:
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=_DUMP_SECONDS, check=False)
    except FileNotFoundError as error:
        raise BackupFailed("pg_dump is not installed here") from error
    except subprocess.TimeoutExpired as error:
        raise BackupFailed(f"pg_dump took more than {_DUMP_SECONDS:.0f} seconds") from error
    if done.returncode:
        lines = done.stderr.strip().splitlines()
        raise BackupFailed(f"pg_dump: {lines[-1] if lines else f'exit code {done.returncode}'}")
