"""Finds and reads the files that people named: the only reader of disk among the generators' inputs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from slo.errors import Fault

MAX_BYTES = 10 * 1024 * 1024
SUFFIXES = (".yaml", ".yml", ".json")
STDIN = "-"


@dataclass(frozen=True, slots=True)
class Source:
    """One text to read: how people name it, its name below the folder they gave, and what its output is called."""

    path: str
    name: str
    stem: str
    text: str


def find(given: Iterable[str], faults: list[Fault]) -> Iterator[Source]:
    """Every file of *given* (files, folders, "-" for standard input), read, in an order that no machine changes."""
    stems: set[str] = set()
    for path, name in _paths(given, faults):
        stem = _stem(name, stems)
        stems.add(stem.casefold())
        text = read_text(path, faults)
        if text is not None:
            yield Source(path, name, stem, text)


def read_text(path: str, faults: list[Fault]) -> str | None:
    """The text of one file; None, and a fault, where there is none."""
    try:
        data = _bytes(path)
    except OSError as error:
        faults.append(Fault(path=path, message=f"cannot be read: {error.strerror}"))
        return None
    if len(data) > MAX_BYTES:
        message = f"is larger than {MAX_BYTES // 1024 // 1024} MiB, the most that is read"
        faults.append(Fault(path=path, message=message))
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", errors="replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        faults.append(Fault(path=path, line=line, column=column, message="is not UTF-8 text"))
        return None


def stems(folder: str, suffix: str) -> frozenset[str]:
    """The names, without *suffix*, of the files in *folder*; none where there is no such folder."""
    try:
        return frozenset(path.stem for path in Path(folder).iterdir() if path.suffix == suffix)
    except OSError:
        return frozenset()


def texts(folder: str, suffix: str, faults: list[Fault]) -> dict[str, str]:
    """The files of *folder* that end in *suffix*, by their names without it."""
    found = {name: read_text(f"{folder}/{name}{suffix}", faults) for name in sorted(stems(folder, suffix))}
    return {name: text for name, text in found.items() if text is not None}


def _bytes(path: str) -> bytes:
    if path == STDIN:
        return sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin is not None else b""
    with Path(path).open("rb") as file:
        return file.read(MAX_BYTES + 1)


def _paths(given: Iterable[str], faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """(path, name relative to where it was found) of each file."""
    for path in given:
        if path == STDIN:
            yield STDIN, "stdin"
            continue
        try:
            if not path or not Path(path).exists():
                faults.append(Fault(path=path or "''", message="does not exist"))
            elif Path(path).is_dir():
                yield from _within(Path(path), faults)
            else:
                yield path, Path(path).name
        except OSError as error:
            faults.append(Fault(path=path, message=f"cannot be read: {error.strerror}"))


def _within(root: Path, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """The specs below a folder; hidden files and folders are somebody else's."""

    def unreadable(error: OSError) -> None:
        faults.append(Fault(path=str(error.filename), message=f"cannot be read: {error.strerror}"))

    real_root = root.resolve()
    found: list[Path] = []
    for folder, folders, files in os.walk(root, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            if (link := Path(folder, name)).is_symlink():
                faults.append(Fault(path=link.as_posix(), message="is a link to a folder, which is not followed"))
        found += [Path(folder, name) for name in files if not name.startswith(".") and name.endswith(SUFFIXES)]
    for path in sorted(found, key=lambda found_path: found_path.relative_to(root).as_posix()):
        problem = _link_problem(path, real_root)
        if problem:
            faults.append(Fault(path=path.as_posix(), message=problem))
        elif path.is_file():
            yield path.as_posix(), path.relative_to(root).as_posix()


def _link_problem(path: Path, root: Path) -> str:
    if not path.is_symlink():
        return ""
    if not path.exists():
        return "is a link to nothing"
    return "" if path.resolve().is_relative_to(root) else "is a link that leaves the folder of specs"


def _stem(name: str, taken: set[str]) -> str:
    """a/orders.yaml → "a-orders"; a second file that would get the same name keeps its ending as well."""
    path = Path("".join(sign if sign.isprintable() else "-" for sign in name))
    stem = "-".join((*path.parent.parts, path.stem))
    candidate, number = stem, 2
    while candidate.casefold() in taken:
        suffix = path.suffix.lstrip(".")
        candidate = f"{stem}-{suffix}" if number == 2 and suffix else f"{stem}-{number}"
        number += 1
    return candidate
