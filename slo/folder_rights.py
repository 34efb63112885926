"""Keeps a folder's modes and owners when `emit` makes it anew: who could use it before still can."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path


def same_modes(old: Path, new: Path) -> None:
    """Folders stay open to the same people."""
    for parent, _, _ in os.walk(old):
        twin = new / Path(parent).relative_to(old)
        if twin.is_dir():
            shutil.copystat(parent, twin)


def same_owners(old: Path, new: Path, made: Collection[str]) -> None:
    """The folders of *new*, and the files in it that were *made*, belong to whom the old folder belongs.

    Other files are linked from *old* and have their owners. Folders come last: once given away, they can be changed.
    """
    for parent, _, files in os.walk(new, topdown=False):
        folder = Path(parent)
        relative = folder.relative_to(new)
        twin = old / relative
        while not twin.is_dir():
            twin = twin.parent
        owner = twin.stat()
        for name in files:
            if (relative / name).as_posix() in made:
                give(folder / name, owner)
        give(folder, owner)


def give(path: Path, owner: os.stat_result) -> None:
    """Make *owner*'s user and group those of *path*, as far as this process may.

    Only root gives to another user; others to a group that they are in.
    """
    found = path.lstat()
    if (found.st_uid, found.st_gid) == (owner.st_uid, owner.st_gid):
        return
    for user in (owner.st_uid, -1):
        with suppress(OSError):
            os.chown(path, user, owner.st_gid, follow_symlinks=False)
            return
