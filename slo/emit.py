"""Writes artifacts into the output folder: the only writer of the generators.

The new tree is written beside the old one and exchanged with it in one system call, so that a kill at any moment
leaves the old tree or the new one. A manifest says which files are ours; only those are ever pruned.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slo import folder_rights
from slo.artifact import MARK, Artifact
from slo.errors import ContentLost, OutputError

MANIFEST = ".manifest"
MAX_FOREIGN = 10_000
"""Files of others that are carried over; a folder with more of them was hardly meant."""
MOUNTS = Path("/proc/self/mountinfo")
"""Linux's table of what is mounted where."""
Lost = Callable[[str, str], str]
"""Says what a file of ours, given its path below the output folder and its text, holds that must not go; or ""."""
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_NO_REPLACING = (errno.EBUSY, errno.EXDEV, errno.EINVAL)  # a mount point, or a part of one's own path


def write(
    out: Path, artifacts: Iterable[Artifact], replaced: Collection[str], lost: Lost | None = None
) -> tuple[str, ...]:
    """Make *out* hold *artifacts*; what stood there before stays unless it was ours.

    Args:    replaced: the folders below *out* that *artifacts* hold in full; ours elsewhere are kept.
             lost: asked about each file of ours that would be replaced or removed.
    Returns: the paths written, relative to *out*, sorted.
    Raises:  OutputError: nothing to write, a file of somebody else in the way, a folder that cannot be replaced, or
             the disk; ContentLost: *lost* objects. In every case *out* is as it was.
    """
    try:
        return _write(_checked(out), artifacts, tuple(f"{folder}/" for folder in replaced), lost)
    except OSError as error:
        if error.errno in _NO_REPLACING:
            raise OutputError(f"{out} cannot be replaced as a whole; name a folder inside it") from None
        raise OutputError(f"{error.filename or out}: {error.strerror}; {out} is as it was") from None


def ours(out: Path) -> frozenset[str]:
    """The files below *out* that we wrote, relative to it."""
    return frozenset(_read_manifest(out).splitlines())


def manifest(paths: Iterable[str]) -> str:
    """The text of a manifest that names *paths*."""
    return "".join(f"{path}\n" for path in sorted(paths))


def _read_manifest(out: Path) -> str:
    try:
        return (out / MANIFEST).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _checked(out: Path) -> Path:
    """The real folder that *out* names, if it may be replaced."""
    real = out.resolve()
    if real.exists() and not real.is_dir():
        raise OutputError(f"{out} is a file; name a folder")
    if Path.cwd().is_relative_to(real):
        raise OutputError(
            f"{out} holds the folder that you stand in, and would be replaced under you;"
            " go elsewhere first, or name a folder inside it"
        )
    for point in _mounts():
        if point != real and point.is_relative_to(real):
            raise _mount(point)
    return real


def _mounts() -> Iterator[Path]:
    """Every mount point, where the system tells. A bind mount shows nowhere else: its device may be the same."""
    try:
        lines = MOUNTS.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        point = line.split(b" ")[4]
        yield Path(os.fsdecode(re.sub(rb"\\([0-7]{3})", lambda code: bytes([int(code[1], 8)]), point)))


def _mount(point: Path) -> OutputError:
    return OutputError(f"{point} is a mount of its own; name a folder that holds none")


def _write(out: Path, artifacts: Iterable[Artifact], replaced: tuple[str, ...], lost: Lost | None) -> tuple[str, ...]:
    out.parent.mkdir(parents=True, exist_ok=True)
    with _locked(out.parent):
        new = _sibling(out, "new")
        _recover(out)
        try:
            written = _fill(new, artifacts)
            kept = _carry(out, new, frozenset(written), replaced, lost)
            (new / MANIFEST).write_text(manifest({*written, *kept}), encoding="utf-8")
            if out.exists():
                folder_rights.same_owners(out, new, frozenset({MANIFEST, *written}))
            _replace(out, new)
        finally:
            shutil.rmtree(new, ignore_errors=True)
    return tuple(sorted(written))


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
        with (new / artifact.path).open("xb") as file:
            file.write(artifact.text.encode())
        written.append(artifact.path)
    if not written:
        raise OutputError("nothing was generated")
    return written


def _carry(out: Path, new: Path, written: frozenset[str], replaced: tuple[str, ...], lost: Lost | None) -> list[str]:
    """Link what stays from the old tree into the new one; returns which of it is ours."""
    if not out.exists():
        return []
    mine = ours(out)
    folders = {parent.as_posix() for path in written for parent in Path(path).parents}
    kept: list[str] = []
    foreign = 0
    for path in _tree(out):
        relative = path.relative_to(out).as_posix()
        if relative == MANIFEST:
            continue
        if relative in written and relative not in mine and not _looks_ours(path):
            raise _in_the_way(path)
        if relative in written or (relative in mine and relative.startswith(replaced)):
            _let_go(path, relative, lost)
            continue
        if _blocks(path, relative, written, folders):
            raise _in_the_way(path)
        if relative in mine:
            kept.append(relative)
        elif (foreign := foreign + 1) > MAX_FOREIGN:
            raise OutputError(f"{out} holds more than {MAX_FOREIGN} files of others; name a folder of its own")
        _link(path, new / relative)
    folder_rights.same_modes(out, new)
    return kept


def _let_go(path: Path, relative: str, lost: Lost | None) -> None:
    if lost is not None and path.is_file():
        what = lost(relative, path.read_text(encoding="utf-8", errors="replace"))
        if what:
            raise ContentLost(f"{path} {what}")


def _blocks(path: Path, relative: str, written: frozenset[str], folders: set[str]) -> bool:
    """Whether a folder of ours is a file or a link here, or a file of ours a folder."""
    if relative in folders and (path.is_symlink() or not path.is_dir()):
        return True
    return any(parent.as_posix() in written for parent in Path(relative).parents)


def _in_the_way(path: Path) -> OutputError:
    return OutputError(f"{path} is in the way: it was not generated; move it, or choose another --out")


def _tree(folder: Path) -> Iterator[Path]:
    """Files, links and empty folders below *folder*."""
    device = folder.stat().st_dev
    for parent, folders, files in os.walk(folder, onerror=_raise):
        if Path(parent).stat().st_dev != device:
            raise _mount(Path(parent))
        for name in files:
            yield Path(parent, name)
        for name in [*folders]:
            path = Path(parent, name)
            if path.is_symlink() or not any(path.iterdir()):
                folders.remove(name)
                yield path


def _raise(error: OSError) -> None:
    raise error


def _link(old: Path, new: Path) -> None:
    if old.is_dir() and not old.is_symlink():
        new.mkdir(parents=True, exist_ok=True)
        return
    new.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(old, new, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(old, new, follow_symlinks=False)
        folder_rights.give(new, old.lstat())


def _looks_ours(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return MARK.encode() in file.readline(4096)


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
    return out.with_name(f".{out.name}.tillwatch-{role}")


def _recover(out: Path) -> None:
    """Undo what a killed build left: a half-written tree, or (without an exchange) an old tree moved aside."""
    old = _sibling(out, "old")
    if old.exists() and not out.exists():
        old.rename(out)
    for leftover in (old, _sibling(out, "new")):
        if leftover.exists():
            shutil.rmtree(leftover)


def _replace(out: Path, new: Path) -> None:
    if not out.exists():
        new.rename(out)
    elif not _exchanged(out, new):
        old = _sibling(out, "old")
        out.rename(old)
        new.rename(out)
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
