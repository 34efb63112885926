"""What is read from files is kept, and read again once one of them has changed: a page runs for weeks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

Value = TypeVar("Value")
Stamp = tuple[tuple[str, int, int], ...]


class Reread(Generic[Value]):
    """What *read* makes of the files in *place*, which is a folder or a file itself. What it raises is not kept."""

    def __init__(self, place: Path, read: Callable[[], Value]) -> None:
        self._place, self._read = place, read
        self._kept: tuple[Stamp, Value] | None = None

    def get(self) -> Value:
        """As the files are now."""
        stamp = _stamp(self._place)  # before: what is written meanwhile is read the next time
        kept = self._kept
        if kept is None or kept[0] != stamp:
            kept = self._kept = (stamp, self._read())
        return kept[1]


def _stamp(place: Path) -> Stamp:
    """Names, sizes, and when they were written, in nanoseconds."""
    found = []
    for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
        try:
            status = file.stat()
        except OSError:  # it went away meanwhile
            continue
        found.append((str(file), status.st_size, status.st_mtime_ns))
    return tuple(found)
