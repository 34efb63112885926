"""Reads files into the catalogue: the only reader of disk, and the place where all faults come together."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slo import conflicts, convert, document, shape_faults, spec
from slo.conflicts import Read
from slo.document import DocumentFault, Plain
from slo.errors import Fault, SpecErrors
from slo.model import Catalogue, Spec, SpecFile, Team
from slo.positions import Positions

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


def load(specs: Iterable[str], routing: str | None = None, *, plugins: bool = False) -> Catalogue:
    """The catalogue that *specs* (files, folders, "-" for standard input) and *routing* declare.

    Args:    plugins: whether the engine to come runs sloth's plugins.
    Raises:  SpecErrors: with every fault of every file.
    """
    given = tuple(specs)
    faults: list[Fault] = []
    teams = _teams(routing, faults)
    read = [file for source in _sources(given, faults) if (file := _file(source, faults)) is not None]
    faults += conflicts.collisions(read)
    faults += conflicts.overwritten(read)
    faults += conflicts.unknown_teams(read, teams)
    if not plugins:
        faults += conflicts.plugins(read)
    if not faults and not any(found.file.slos for found in read):
        message = "holds no spec; expected files named *.yaml, *.yml or *.json"
        faults.append(Fault(path=", ".join(given), message=message))
    if faults:
        raise SpecErrors(tuple(faults))
    return Catalogue(files=tuple(found.file for found in read), teams=teams or ())


# --- finding ----------------------------------------------------------------------------------------------------


def _sources(specs: Iterable[str], faults: list[Fault]) -> Iterator[Source]:
    stems: dict[str, str] = {}
    for path, name in _paths(specs, faults):
        text = _text(path, faults)
        if text is None:
            continue
        stem = _stem(name, stems)
        stems[stem.casefold()] = path
        yield Source(path, name, stem, text)


def _paths(specs: Iterable[str], faults: list[Fault]) -> Iterator[tuple[str, str]]:
    """(path, name relative to where it was found) of each file, in an order that no machine changes."""
    for given in specs:
        root = Path(given)
        if given == STDIN:
            yield STDIN, "stdin"
        elif root.is_dir():
            yield from _within(root, faults)
        elif root.exists():
            yield given, root.name
        else:
            faults.append(Fault(path=given, message="does not exist"))


def _within(root: Path, faults: list[Fault]) -> Iterator[tuple[str, str]]:
    real_root = root.resolve()
    for path in sorted(root.rglob("*"), key=lambda p: p.relative_to(root).as_posix()):
        relative = path.relative_to(root)
        if any(part.startswith(".") for part in relative.parts):
            continue
        if path.is_symlink() and path.is_dir():
            faults.append(Fault(path=path.as_posix(), message="is a link to a folder, which is not followed"))
        if path.suffix not in SUFFIXES:
            continue
        if path.is_symlink() and not path.resolve().is_relative_to(real_root):
            faults.append(Fault(path=path.as_posix(), message="is a link that leaves the folder of specs"))
        elif path.is_file():
            yield path.as_posix(), relative.as_posix()
        elif path.is_symlink():
            faults.append(Fault(path=path.as_posix(), message="is a link to nothing"))


def _stem(name: str, taken: dict[str, str]) -> str:
    """a/orders.yaml → "a-orders"; a second file that would get the same name keeps its ending as well."""
    path = Path(name)
    stem = "-".join((*path.parent.parts, path.stem))
    candidate, number = stem, 2
    while candidate.casefold() in taken:
        suffix = path.suffix.lstrip(".")
        candidate = f"{stem}-{suffix}" if number == 2 and suffix else f"{stem}-{number}"
        number += 1
    return candidate


def _text(path: str, faults: list[Fault]) -> str | None:
    try:
        if path == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with open(path, "rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        faults.append(Fault(path=path, message=f"cannot be read: {error.strerror}"))
        return None
    if len(data) > MAX_BYTES:
        faults.append(
            Fault(path=path, message=f"is larger than {MAX_BYTES // 1024 // 1024} MiB, the most that is read")
        )
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        faults.append(Fault(path=path, line=line, column=column, message="is not UTF-8 text"))
        return None


# --- reading ----------------------------------------------------------------------------------------------------


def _file(source: Source, faults: list[Fault]) -> Read | None:
    try:
        values, duplicates = _values(source)
    except DocumentFault as error:
        faults.append(error.fault)
        return None
    faults += duplicates
    positions = Positions(source.text.replace("\t", " ") if _looks_json(source.text) else source.text)
    specs: list[Spec] = []
    prefixes: list[tuple[int, document.Path]] = []
    for index, value in enumerate(values):
        spec_read = None if value is None else _document(source, index, value, positions, faults)
        if spec_read is not None:
            specs.append(spec_read)
            prefixes.append((index, ("spec",) if "apiVersion" in value else ()))
    if all(value is None for value in values):
        faults.append(Fault(path=source.path, message="is empty; a spec was expected"))
    file = SpecFile(path=source.path, name=source.name, stem=source.stem, specs=tuple(specs))
    return Read(file, positions, tuple(prefixes))


def _looks_json(text: str) -> bool:
    return text.lstrip()[:1] == "{"


def _values(source: Source) -> tuple[list[Any], list[Fault]]:
    if _looks_json(source.text):
        json_value = _json(source)
        if json_value is not None:
            return json_value
    return document.read(source.text, source.path)


def _json(source: Source) -> tuple[list[Any], list[Fault]] | None:
    """The value of a JSON text; None when it is none (YAML may start with a brace as well)."""
    duplicates: list[Fault] = []

    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key, item in items:
            if key in value:
                duplicates.append(Fault(path=source.path, where=key, message="duplicate key"))
            value.setdefault(key, item)
        return value

    try:
        value = json.loads(
            source.text, object_pairs_hook=unique, parse_int=Plain, parse_float=Plain, parse_constant=Plain
        )
    except (ValueError, RecursionError):
        return None
    if "\\ud" in source.text.lower() and not _encodable(value):  # half of a pair: YAML says where it stands
        return None
    return [value], duplicates


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _document(source: Source, index: int, value: Any, positions: Positions, faults: list[Fault]) -> Spec | None:
    shape, problem = _shape_of(value)
    if shape is None:
        line, column = positions.of(index, ())
        faults.append(Fault(path=source.path, line=line, column=column, message=problem))
        return None
    read = spec.read(shape, value, camel=shape is spec.CrdShape)
    if isinstance(read, list):
        faults += shape_faults.faults(read, shape, source.path, index, positions)
        return None
    if isinstance(read, spec.CrdShape):
        return convert.to_spec(read.spec, read.api_version)
    assert isinstance(read, spec.PlainShape)
    return convert.to_spec(read, read.version)


def _shape_of(value: Any) -> tuple[type[spec.PlainShape] | type[spec.CrdShape] | None, str]:
    """The shape that a document's own header asks for. Further dialects are added here."""
    if not isinstance(value, dict):
        return None, "expected a mapping that starts with version: prometheus/v1"
    if "apiVersion" not in value:
        return spec.PlainShape, ""
    kind = f"{value['apiVersion']} {value.get('kind', '')}".strip()
    if str(value["apiVersion"]).startswith("sloth.slok.dev/"):
        return spec.CrdShape, ""
    return (
        None,
        f"{kind} is not a spec that is read; expected version: prometheus/v1 or apiVersion: sloth.slok.dev/v1",
    )


# --- teams ------------------------------------------------------------------------------------------------------------


def _teams(routing: str | None, faults: list[Fault]) -> tuple[Team, ...] | None:
    """The teams of the routing file; None where there is none, so that anybody's specs load without one."""
    if routing is None:
        return None
    text = _text(routing, faults)
    if text is None:
        return ()
    try:
        values, duplicates = document.read(text, routing)
    except DocumentFault as error:
        faults.append(error.fault)
        return ()
    faults += duplicates
    shape = spec.read(spec.RoutingShape, values[0] if values else {})
    if isinstance(shape, list):
        faults += shape_faults.faults(shape, spec.RoutingShape, routing, 0, Positions(text))
        return ()
    return tuple(Team(name=name, description=team.description) for name, team in sorted(shape.teams.items()))
