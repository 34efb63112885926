"""Copies of an SQLite database that is in use: whole and sound, or not there at all."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

# The job's name.
BACKUP = "backup"
# A week of daily copies.
KEEP = 7


class BackupFailed(Exception):
    """No new copy was made; the ones before are untouched. The text says why."""


def back_up(source: Path, folder: Path, *, now: float) -> Path:
    """Copy the database *source* into *folder* while others use it, and drop all but the latest KEEP copies.

    Args:    now: Unix seconds; it names the copy.
    Raises:  BackupFailed: there is no such database, or the copy is not sound.  OSError: the folder cannot be used.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    copy = folder / f"{source.stem}-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}.db"
    unfinished = folder / f".{copy.name}.{os.getpid()}"
    try:
        # Made first, for this user's eyes alone: SQLite would make it for everybody's.
        unfinished.touch(mode=0o600)
        _copy(source, unfinished)
        unfinished.replace(copy)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in sorted(folder.glob(f"{source.stem}-*.db"))[:-KEEP]:
        old.unlink()
    return copy


def _copy(source: Path, target: Path) -> None:
    """Copy page by page, check the copy, and see it to the disk."""
    try:
        # Read-only: a path with a slip in it must not make an empty database there.
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as origin,
            closing(sqlite3.connect(target)) as copy,
        ):
            origin.backup(copy)
            # One file, complete without a write-ahead log beside it.
            copy.execute("PRAGMA journal_mode=DELETE")
            (state,) = copy.execute("PRAGMA integrity_check").fetchone()
    except sqlite3.Error as error:
        raise BackupFailed(f"{source}: {error}") from error
    if state != "ok":
        raise BackupFailed(f"{source}: the copy is not sound: {state}")
    with target.open("rb") as written:
        os.fsync(written.fileno())
