"""A copy of an SQLite database while it is in use, whole or not at all."""

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import make_url

from services.shared.database import SQLITE


class BackupFailed(Exception):
    """There is no new copy; one that was there before still is. The text holds no password."""


def backup(database_url: str, target: Path) -> int:
    """Copy the database to *target*, readable by this user alone; the copy's size in bytes.

    It is made beside *target*, verified, and then takes its place at once.

    Raises:  BackupFailed: not SQLite, no database, or a copy that is not sound.  OSError: *target* cannot be written.
    """
    source = _file_of(database_url)
    if target.exists() and target.samefile(source):
        raise BackupFailed(f"{target} is the database itself")
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        _copy(source, unfinished)
        with unfinished.open("rb") as stream:
            os.fsync(stream.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return target.stat().st_size


def _file_of(database_url: str) -> Path:
    url = make_url(database_url)
    if url.get_backend_name() != SQLITE:
        raise BackupFailed(
            "this database is a server's: copy it with pg_dump --format=custom, or by snapshots of the server"
        )
    source = Path(url.database or "")
    if not source.is_file():
        raise BackupFailed("there is no database file to copy")
    return source


def _copy(source: Path, target: Path) -> None:
    try:
        with closing(sqlite3.connect(source, timeout=30)) as origin, closing(sqlite3.connect(target)) as copy:
            # In one step: it reads one moment, and writers go on meanwhile.
            origin.backup(copy)
            # One file that is whole by itself, without a log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            found = copy.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise BackupFailed(f"SQLite: {error}") from error
    if found != "ok":
        raise BackupFailed("the copy is not sound")


def _sync_folder(folder: Path) -> None:
    """Make the new name outlive a crash, where folders can be synced."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
