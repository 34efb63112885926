"""Reads sources into the catalogue: the place where all faults come together."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from slo import (
    alert_conflicts,
    alert_load,
    conflicts,
    convert,
    document,
    json_document,
    routing_convert,
    shape_faults,
    sources,
    spec,
)
from slo.catalogue import Catalogue
from slo.conflicts import Read
from slo.document import DocumentFault
from slo.errors import Fault, SpecErrors
from slo.model import Spec, SpecFile
from slo.positions import Positions
from slo.routing_model import Routing
from slo.routing_spec import RoutingShape
from slo.sources import Source

_HEADERS = "version: prometheus/v1 or apiVersion: sloth.slok.dev/v1"


def load(
    specs: Iterable[str],
    routing: str | None = None,
    alerts: str | None = None,
    *,
    plugins: bool = False,
    runbooks: bool = True,
) -> Catalogue:
    """The catalogue that *specs* (files, folders, "-" for standard input), *routing* and *alerts* declare.

    Args:    plugins: whether the engine to come runs sloth's plugins. runbooks: whether each alert must have one.
    Raises:  SpecErrors: with every fault of every file.
    """
    given = tuple(specs)
    faults: list[Fault] = []
    tree = _routing(routing, faults)
    teams = tree.teams if tree is not None else None
    read = [file for source in sources.find(given, faults) if (file := _file(source, faults)) is not None]
    faults += conflicts.collisions(read)
    faults += conflicts.kpis(read)
    faults += conflicts.overwritten(read)
    faults += conflicts.unknown_teams(read, teams)
    faults += conflicts.cycles(read)
    services = {item.service: item for found in read for item in found.file.specs}
    alert_files = [] if alerts is None else alert_load.read(alerts, services, faults)
    faults += alert_conflicts.alerts(alert_files, read, teams)
    if runbooks and tree is not None and tree.links is not None:
        there = sources.stems(tree.links.folder, ".md")
        faults += alert_conflicts.runbooks(read, alert_files, there, tree.links.folder)
    if not plugins:
        faults += conflicts.plugins(read)
    if not faults and not any(found.file.slos for found in read):
        message = "holds no spec; expected files named *.yaml, *.yml or *.json"
        faults.append(Fault(path=", ".join(given), message=message))
    if faults:
        raise SpecErrors(tuple(faults))
    return Catalogue(
        files=tuple(found.file for found in read),
        alert_files=tuple(found.file for found in alert_files),
        routing=tree,
    )


# --- one file ---------------------------------------------------------------------------------------------------


def _file(source: Source, faults: list[Fault]) -> Read | None:
    try:
        values, duplicates, is_json = _values(source)
    except DocumentFault as error:
        faults.append(error.fault)
        return None
    faults += duplicates
    positions = Positions(source.text, is_json=is_json)
    specs: list[Spec] = []
    prefixes: list[tuple[int, document.Path]] = []
    for index, value in enumerate(values):
        spec_read = None if value is None else _document(source, index, value, positions, faults)
        if spec_read is not None:
            specs.append(spec_read)
            prefixes.append((index, ("spec",) if "apiVersion" in value else ()))
    if all(value is None for value in values):
        message = f"is empty; expected a spec that starts with {_HEADERS}"
        faults.append(Fault(path=source.path, line=1, column=1, message=message))
    file = SpecFile(path=source.path, name=source.name, stem=source.stem, specs=tuple(specs))
    return Read(file, positions, tuple(prefixes))


def _values(source: Source) -> tuple[list[Any], list[Fault], bool]:
    """The documents of a file, its duplicate keys, and whether it is JSON."""
    not_json: DocumentFault | None = None
    if json_document.looks_json(source.text):
        try:
            value, duplicates = json_document.read(source.text, source.path)
            return [value], duplicates, True
        except DocumentFault as error:
            not_json = error
    try:
        values, duplicates = document.read(source.text, source.path)
    except DocumentFault:
        if not_json is not None and source.name.endswith(".json"):
            raise not_json from None
        raise
    return values, duplicates, False


def _document(source: Source, index: int, value: Any, positions: Positions, faults: list[Fault]) -> Spec | None:
    shape, key, problem = _shape_of(value)
    if shape is None:
        line, column = positions.of(index, (key,) if key else ())
        faults.append(Fault(path=source.path, line=line, column=column, where=key, message=problem))
        return None
    read = spec.read(shape, value, camel=shape is spec.CrdShape)
    if isinstance(read, list):
        faults += shape_faults.faults(read, shape, source.path, index, positions)
        return None
    if isinstance(read, spec.CrdShape):
        return convert.to_spec(read.spec, read.api_version)
    assert isinstance(read, spec.PlainShape)
    return convert.to_spec(read, read.version)


def _shape_of(value: Any) -> tuple[type[spec.PlainShape] | type[spec.CrdShape] | None, str, str]:
    """The shape that a document's own header asks for, or the key and what is wrong with it.

    Further dialects are added here.
    """
    if not isinstance(value, dict):
        return None, "", f"expected a mapping that starts with {_HEADERS}"
    if "apiVersion" not in value:
        return (spec.CrdShape if "version" not in value and "spec" in value else spec.PlainShape), "", ""
    if str(value["apiVersion"]).startswith("sloth.slok.dev/"):
        return spec.CrdShape, "", ""
    kind = f"{value['apiVersion']} {value.get('kind', '')}".strip()
    return None, "apiVersion", f"{kind!r} is not a kind of spec that is read; expected {_HEADERS}"


# --- routing ----------------------------------------------------------------------------------------------------------


def _routing(path: str | None, faults: list[Fault]) -> Routing | None:
    """What the routing file says; None where there is none, so that anybody's specs load without one.

    None as well where it holds a fault: a team that seems unknown may stand in what was not read.
    """
    if path is None:
        return None
    text = sources.read_text(path, faults)
    if text is None:
        return None
    try:
        values, duplicates = document.read(text, path)
    except DocumentFault as error:
        faults.append(error.fault)
        return None
    faults += duplicates
    whole = not duplicates and len(values) == 1
    positions = Positions(text)
    if len(values) > 1:
        line, column = positions.of(1, ())
        faults.append(Fault(path=path, line=line, column=column, message="a second document; expected one"))
    shape = spec.read(RoutingShape, values[0] if values else None)
    if isinstance(shape, list):
        faults += shape_faults.faults(shape, RoutingShape, path, 0, positions)
        return None
    made = routing_convert.routing(shape, path)
    unknown = tuple(alert_conflicts.routing(made, path, positions))
    faults += unknown
    return made if whole and not unknown else None
