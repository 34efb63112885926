"""What has come to a log since it was last read, also where it has been moved aside or cut meanwhile (`log_files`)."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

HEAD_BYTES = 256
# Of one log at a time; a longer line comes in pieces. Loki takes lines of up to 256 KiB.
MOST_BYTES = 64 * 2**10


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """How far a log was read, and a digest of how it began: the same name may be another file by now."""

    position: int = 0
    head: str = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """New *lines*, the mark behind them, and whether *more* is there already."""

    lines: tuple[str, ...]
    mark: Mark
    more: bool


def unread(log: Path, mark: Mark, *, most_bytes: int = MOST_BYTES) -> Unread:
    """Whole lines of *log* behind *mark*; the rest of the file that was moved aside comes first.

    Raises:  OSError: there is no such log, or it may not be read.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(log.open("rb"))
        if _begins(file, mark):
            return _next(file, mark, most_bytes, ended=False)
        with contextlib.suppress(FileNotFoundError):
            older = stack.enter_context(log.with_name(f"{log.name}.1").open("rb"))
            if _begins(older, mark):
                found = _next(older, mark, most_bytes, ended=True)
                if found.lines or found.more:
                    return Unread(lines=found.lines, mark=found.mark, more=True)
        return _next(file, Mark(), most_bytes, ended=False)


def _begins(file: BinaryIO, mark: Mark) -> bool:
    """Whether *file* is the one that *mark* was made in."""
    return file.seek(0, 2) >= mark.position and _head(file, mark.position) == mark.head


def _next(file: BinaryIO, mark: Mark, most_bytes: int, *, ended: bool) -> Unread:
    """*ended*: nobody writes to *file* any more, so that its last line is whole without a line's end."""
    file.seek(mark.position)
    data = file.read(most_bytes)
    full = len(data) == most_bytes
    whole = data.rfind(b"\n") + 1
    if not whole and (full or ended):
        whole = len(data)
    lines = data[:whole].decode(errors="replace").split("\n")
    position = mark.position + whole
    return Unread(
        lines=tuple(line for line in lines if line.strip()),
        mark=Mark(position=position, head=_head(file, position)),
        more=full,
    )


def _head(file: BinaryIO, position: int) -> str:
    file.seek(0)
    return hashlib.sha256(file.read(min(position, HEAD_BYTES))).hexdigest()
