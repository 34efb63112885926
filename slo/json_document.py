"""Turns the text of a JSON file into plain values, as strictly as YAML: numbers keep their text, keys are unique."""

from __future__ import annotations

import json
import re
from typing import Any

from slo.document import MAX_DEPTH, MAX_NODES, DocumentFault, Plain, spell
from slo.errors import Fault
from slo.positions import Positions

_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)


def looks_json(text: str) -> bool:
    """Whether it is worth a try; a YAML text may start with a brace as well."""
    return text.lstrip()[:1] == "{"


def read(text: str, path: str) -> tuple[Any, list[Fault]]:
    """The value of *text*, and its duplicate keys.

    Raises:  DocumentFault: not JSON, half of a character, or more values or depth than is read.
    """
    found_twice = False

    def unique(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal found_twice
        value = dict(reversed(items))  # the first of two stands, as in YAML
        found_twice |= len(value) < len(items)
        return value

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_int=Plain, parse_float=Plain, parse_constant=Plain)
    except json.JSONDecodeError as error:
        raise DocumentFault(_fault(path, text, error.pos, f"is not JSON: {error.msg}")) from None
    except RecursionError:
        raise DocumentFault(_fault(path, text, 0, _TOO_DEEP)) from None
    _bounded(value, text, path)
    for escape in _ESCAPE.finditer(text) if "\\u" in text else ():
        if escape["half"]:
            raise DocumentFault(_fault(path, text, escape.start(), "holds half of a character: a lone surrogate"))
    faults = []
    if found_twice:
        for where, (line, column) in Positions(text, is_json=True).duplicates(0):
            message = "duplicate key; the first one stands above"
            faults.append(Fault(path=path, line=line, column=column, where=spell(where), message=message))
    return value, faults


_TOO_DEEP = f"is nested more than {MAX_DEPTH} levels deep"


def _bounded(value: Any, text: str, path: str) -> None:
    nodes, level, depth = 1, [value], 0
    while level:
        below: list[Any] = []
        for item in level:
            below += item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        nodes, level, depth = nodes + len(below), below, depth + 1
        if depth > MAX_DEPTH + 1:
            raise DocumentFault(_fault(path, text, 0, _TOO_DEEP))
        if nodes > MAX_NODES:
            raise DocumentFault(_fault(path, text, 0, f"holds more than {MAX_NODES} values"))


def _fault(path: str, text: str, position: int, message: str) -> Fault:
    line, column = text.count("\n", 0, position) + 1, position - text.rfind("\n", 0, position)
    return Fault(path=path, line=line, column=column, message=message)
