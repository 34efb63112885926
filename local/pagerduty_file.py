"""The file that the PagerDuty stand-in keeps: a JSON line for each event, none of them ever half written.

One process writes it. A line is on the disk before its event is answered, so that the end of that process, by
SIGKILL too, loses no event that was answered; one that could not be written leaves no trace.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def read(path: Path) -> list[dict[str, Any]]:
    """Every line of *path*. A last one that a crash cut short was never answered: it is cut off, for good.

    Raises:  ValueError: another line is no JSON object; it says which.
    """
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:
        os.truncate(path, len(whole))
    return [_decoded(path, number, line) for number, line in enumerate(whole.splitlines(), start=1)]


def append(path: Path, record: dict[str, Any]) -> None:
    """Add *record* to *path*, through to the disk.

    Raises:  OSError: it could not be written, and the file is as it was.
    """
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        size = os.fstat(file).st_size
        try:
            _write_all(file, _encoded(record))
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)  # half a line would swallow the next one
            raise
        if size == 0:
            _sync_folder(path)
    finally:
        os.close(file)


def rewrite(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Put *records* in place of what *path* holds, at once.

    Raises:  OSError: they could not be written, and the file is as it was.
    """
    new = path.with_name(path.name + ".new")
    try:
        new.unlink(missing_ok=True)
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for record in records:
                _write_all(file, _encoded(record))
            os.fsync(file)
        finally:
            os.close(file)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    _sync_folder(path)


def _decoded(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise ValueError(f"{path}:{number}: not an event: move the file away, or remove this line")
    return record


def _encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _write_all(file: int, line: bytes) -> None:
    while line:
        line = line[os.write(file, line) :]


def _sync_folder(path: Path) -> None:
    """A new name is on the disk once its folder is."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
