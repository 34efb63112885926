"""Compares an output folder with what the specs say it should hold."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slo.artifact import Artifact
from slo.emit import MANIFEST, manifest, ours


@dataclass(frozen=True, slots=True)
class Drift:
    """A file that is not what it should be, and the unified diff that would mend it."""

    path: str
    diff: str


def find(out: Path, artifacts: Iterable[Artifact]) -> Iterator[Drift]:
    """Each file that is missing, changed by hand, or no longer generated."""
    wanted: set[str] = set()
    for artifact in artifacts:
        wanted.add(artifact.path)
        yield from _compared(out / artifact.path, artifact.text)
    for stale in sorted(ours(out) - wanted):
        yield from _compared(out / stale, "")
    yield from _compared(out / MANIFEST, manifest(wanted))


def _compared(path: Path, expected: str) -> Iterator[Drift]:
    found = _found(path)
    if found != expected.encode():
        yield Drift(path.as_posix(), _diff(path, found.decode(errors="backslashreplace"), expected))


def _found(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""


def _diff(path: Path, found: str, expected: str) -> str:
    lines = difflib.unified_diff(
        found.splitlines(keepends=True),
        expected.splitlines(keepends=True),
        f"{path} (found)",
        f"{path} (expected)",
    )
    # A carriage return would hide a line's end, and a last line without an end would swallow the next one.
    return "".join(f"{line.rstrip(chr(10))}\n".replace("\r", "␍") for line in lines)
