"""Files that appear whole: written aside, and renamed when all of them are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path


def put(files: Mapping[Path, str]) -> None:
    """Write *files*, or none of them: what was there before stays until all are written. Their folders are made.

    Raises:  OSError: the disk; its `filename` says where.
    """
    stages = {path: path.with_name(f".{path.name}.new") for path in files}
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            stages[path].write_text(text, encoding="utf-8")
        for path, stage in stages.items():
            stage.replace(path)
    finally:
        for stage in stages.values():
            with suppress(OSError):
                stage.unlink(missing_ok=True)
