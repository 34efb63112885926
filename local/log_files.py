"""The parts' logs: a fresh file for each run, the last run's beside it, and none that fills the disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

LINES = 8
MOST_BYTES = 64 * 2**20


def fresh(directory: Path, name: str) -> Path:
    """An empty log for *name*; the last run's is kept beside it as .1."""
    log = directory / f"{name}.log"
    if log.exists():
        log.replace(_kept(log))
    log.touch(mode=0o600)
    return log


def trim(logs: Iterable[Path], *, most_bytes: int = MOST_BYTES) -> None:
    """Move what is in *logs* aside, to .1, where it is more than *most_bytes*.

    The file stays the same, for its writer has it open: it writes to its end, wherever that is by then. What comes
    between the copy and the cut is lost. Where the disk is full, there is no copy: the cut is what makes room.
    """
    for log in logs:
        if log.exists() and log.stat().st_size > most_bytes:
            try:
                shutil.copyfile(log, _kept(log))
            except OSError:
                _kept(log).unlink(missing_ok=True)
            with log.open("r+b") as file:
                file.truncate()


def end_of(log: Path) -> str:
    """The last lines of *log*, for a message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
    return "\n".join((f"the end of {log}:", *(f"  {line}" for line in lines)))


def _kept(log: Path) -> Path:
    return log.with_name(f"{log.name}.1")
