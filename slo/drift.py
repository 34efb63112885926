"""Compares an output folder with what the specs say it should hold."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path

from slo.artifact import Artifact
from slo.emit import ours


def find(out: Path, artifacts: Iterable[Artifact]) -> Iterator[str]:
    """A unified diff for each file that is missing, changed by hand, or no longer generated."""
    wanted: set[str] = set()
    for artifact in artifacts:
        wanted.add(artifact.path)
        path = out / artifact.path
        found = path.read_text(encoding="utf-8") if path.is_file() else ""
        if found != artifact.text:
            yield _diff(path, found, artifact.text)
    for stale in sorted(ours(out) - wanted):
        path = out / stale
        if path.is_file():
            yield _diff(path, path.read_text(encoding="utf-8"), "")


def _diff(path: Path, found: str, expected: str) -> str:
    lines = difflib.unified_diff(
        found.splitlines(keepends=True),
        expected.splitlines(keepends=True),
        f"{path} (found)",
        f"{path} (expected)",
    )
    return "".join(lines)
