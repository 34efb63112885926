"""Writes artifacts into the output folder: the only writer of the generators.

The new tree is written beside the old one and exchanged with it in one system call, so that a kill at any moment
leaves the old tree or the new one. A manifest says which files are ours; only those are ever pruned.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slo.artifact import Artifact
from slo.errors import OutputError

MANIFEST = ".manifest"
_MARK = "by ./generate.py, do not edit."
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write(out: Path, artifacts: Iterable[Artifact], replaced: Collection[str]) -> tuple[str, ...]:
    """Make *out* hold *artifacts*; what stood there before stays unless it was ours.

    Args:    replaced: the folders below *out* that *artifacts* hold in full; ours elsewhere are kept.
    Returns: the paths written, relative to *out*, sorted.
    Raises:  OutputError: nothing to write, a file of somebody else in the way, or a folder that cannot be
             replaced. OSError: the disk. In every case *out* is as it was.
    """
    out = Path(os.path.abspath(out.resolve()))
    if out.exists() and not out.is_dir():
        raise OutputError(f"{out} is a file; name a folder")
    out.parent.mkdir(parents=True, exist_ok=True)
    with _locked(out.parent):
        new = _sibling(out, "new")
        _recover(out)
        try:
            written = _fill(new, artifacts)
            kept = _carry(out, new, frozenset(written), tuple(f"{folder}/" for folder in replaced))
            (new / MANIFEST).write_text("".join(f"{path}\n" for path in sorted({*written, *kept})))
            _replace(out, new)
        except OSError as error:
            if error.errno in (errno.EBUSY, errno.EXDEV, errno.EINVAL):
                raise OutputError(f"{out} cannot be replaced as a whole; name a folder inside it") from None
            raise
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return tuple(sorted(written))


def ours(out: Path) -> frozenset[str]:
    """The files below *out* that we wrote, relative to it."""
    try:
        return frozenset((out / MANIFEST).read_text().splitlines())
    except FileNotFoundError:
        return frozenset()


# --- the new tree -----------------------------------------------------------------------------------------------


def _fill(new: Path, artifacts: Iterable[Artifact]) -> list[str]:
    written: list[str] = []
    folder = ""
    new.mkdir()
    for artifact in artifacts:
        parent = artifact.path.rpartition("/")[0]
        if parent != folder:
            (new / parent).mkdir(parents=True, exist_ok=True)
            folder = parent
        with open(new / artifact.path, "xb") as file:
            file.write(artifact.text.encode())
        written.append(artifact.path)
    if not written:
        raise OutputError("nothing was generated")
    return written


def _carry(out: Path, new: Path, written: frozenset[str], replaced: tuple[str, ...]) -> list[str]:
    """Link what stays from the old tree into the new one; returns which of it is ours."""
    if not out.exists():
        return []
    mine = ours(out)
    kept: list[str] = []
    shutil.copystat(out, new)
    for path in _tree(out):
        relative = path.relative_to(out).as_posix()
        if relative == MANIFEST or (relative in mine and relative.startswith(replaced)):
            continue
        if relative in written:
            if relative not in mine and not _looks_ours(path):
                raise OutputError(f"{path} is in the way: it was not generated; move it, or choose another --out")
            continue
        if relative in mine:
            kept.append(relative)
        _link(path, new / relative)
    return kept


def _tree(folder: Path) -> Iterator[Path]:
    """Files, links and empty folders below *folder*."""
    for parent, folders, files in os.walk(folder):
        for name in files:
            yield Path(parent, name)
        for name in [*folders]:
            path = Path(parent, name)
            if path.is_symlink() or not any(path.iterdir()):
                folders.remove(name)
                yield path


def _link(old: Path, new: Path) -> None:
    new.parent.mkdir(parents=True, exist_ok=True)
    if old.is_dir() and not old.is_symlink():
        new.mkdir(exist_ok=True)
        return
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(old, new, follow_symlinks=False)


def _looks_ours(path: Path) -> bool:
    with open(path, "rb") as file:
        return _MARK.encode() in file.readline(4096)


# --- the exchange -----------------------------------------------------------------------------------------------


@contextmanager
def _locked(parent: Path) -> Iterator[None]:
    """One build at a time below *parent*; the lock goes with the process."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _sibling(out: Path, role: str) -> Path:
    return out.with_name(f".{out.name}.{role}")


def _recover(out: Path) -> None:
    """Undo what a killed build left: a half-written tree, or (without an exchange) an old tree moved aside."""
    old = _sibling(out, "old")
    if old.exists() and not out.exists():
        os.rename(old, out)
    for leftover in (old, _sibling(out, "new")):
        if leftover.exists():
            shutil.rmtree(leftover)


def _replace(out: Path, new: Path) -> None:
    if not out.exists():
        os.rename(new, out)
    elif not _exchanged(out, new):
        old = _sibling(out, "old")
        os.rename(out, old)
        os.rename(new, out)
        shutil.rmtree(old)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders atomically; False where kernel or file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        return False
    done = libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE)
    if done == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(number, os.strerror(number), str(one))
