"""Turns the text of a YAML or JSON file into plain values, strictly and within bounds.

A scalar keeps its text: a label `version: 1.10` stays "1.10". What YAML would call a number or a boolean comes out
as `Plain`, a string that the shapes may read as one. Duplicate keys are faults here, because no later reader sees
them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from slo.errors import Fault

Path = tuple[str | int, ...]

MAX_NODES = 400_000
"""Values after aliases are expanded; a 10 MiB file of sloth specs has some 350,000."""
MAX_DEPTH = 64

_NOT_TEXT = re.compile(
    r"[-+]?(\d[\d_]*(\.[\d_]*)?|\.\d[\d_]*)([eE][-+]?\d+)?|[-+]?0x[\da-fA-F_]+|0o?[0-7_]+"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
    r"|true|True|TRUE|false|False|FALSE|yes|Yes|YES|no|No|NO|on|On|ON|off|Off|OFF",
    re.ASCII,
)
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_FIRST = frozenset("-+.0123456789tTfFyYnNoO~")
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{_TAG}{kind}" for kind in ("int", "float", "bool"))
_STANDARD_TAGS = _PLAIN_TAGS | {f"{_TAG}{kind}" for kind in ("str", "null", "map", "seq")}


class Plain(str):
    """An unquoted scalar that YAML takes for a number or a boolean, with its text."""

    __slots__ = ()


@dataclass(slots=True)
class _Open:
    """A collection being filled."""

    value: Any
    anchor: str | None
    path: Path
    key: str | None = None
    key_event: Any = None
    merging: bool = False
    merges: list[dict[str, Any]] = field(default_factory=list)
    nodes_before: int = 0


class DocumentFault(Exception):
    """The text cannot be read any further."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def read(text: str, path: str) -> tuple[list[Any], list[Fault]]:
    """Every document of *text* that is not empty (None keeps the place of one that is), and its duplicate keys.

    Raises:  DocumentFault: not YAML, an unknown tag, or more nodes or depth than is read.
    """
    reader = _Reader(path)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            action = reader.actions.get(type(event))
            if action is not None:
                action(event)
    except yaml.MarkedYAMLError as error:
        raise DocumentFault(_at(path, error.problem_mark or error.context_mark, _syntax(error))) from None
    except yaml.reader.ReaderError as error:
        raise DocumentFault(_unreadable(text, path, error)) from None
    return reader.documents, reader.faults


def _syntax(error: yaml.MarkedYAMLError) -> str:
    """What libyaml says, with the line in which the broken part begins."""
    context, begin, found = error.context, error.context_mark, error.problem_mark
    if context and begin is not None and found is not None and begin.line != found.line:
        context += f" that begins in line {begin.line + 1}:"
    return "is not YAML: " + " ".join(filter(None, (context, error.problem)))


def _unreadable(text: str, path: str, error: Any) -> Fault:
    """A character that YAML does not allow. libyaml counts bytes."""
    before = text.encode()[: error.position].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    message = f"is not YAML: the control character #x{error.character:02x} is not allowed"
    return Fault(path=path, line=line, column=column, message=message)


class _Reader:
    """Builds values from parser events; one instance reads one file."""

    def __init__(self, path: str) -> None:
        self.documents: list[Any] = []
        self.faults: list[Fault] = []
        self._path = path
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._nodes = 0
        self.actions: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start_mapping,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceStartEvent: self._start_sequence,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
        }

    def _start_document(self, _event: Any) -> None:
        self._anchors.clear()

    def _scalar(self, event: Any) -> None:
        text = event.value
        stack = self._stack
        if event.tag is not None and event.tag != "!":
            self._check_tag(event)
        if stack and stack[-1].key is None and type(stack[-1].value) is dict:
            self._key(event, text)
            return
        value: Any = text
        if event.tag in _PLAIN_TAGS:
            value = Plain(text)
        elif event.implicit[0] and (text == "" or text[0] in _FIRST or text == "null"):
            value = None if text in _NULLS else Plain(text) if _NOT_TEXT.fullmatch(text) else text
        self._count(event, 1)
        if event.anchor is not None:
            self._anchors[event.anchor] = (value, 1)
        self._put(value)

    def _key(self, event: Any, text: str) -> None:
        if event.anchor is not None:
            self._anchors[event.anchor] = (text, 1)
        self._set_key(event, text, merges=text == "<<" and event.implicit[0])

    def _set_key(self, event: Any, text: str, *, merges: bool = False) -> None:
        top = self._stack[-1]
        top.key, top.key_event = text, event
        top.merging = merges
        if not merges and text in top.value:
            where = spell((*top.path, text))
            self.faults.append(_at(self._path, event.start_mark, "duplicate key; the first one stands above", where))

    def _start_mapping(self, event: Any) -> None:
        self._open(event, {})

    def _start_sequence(self, event: Any) -> None:
        self._open(event, [])

    def _open(self, event: Any, value: Any) -> None:
        stack = self._stack
        self._count(event, 1)
        if event.tag is not None and event.tag != "!":
            self._check_tag(event)
        if len(stack) >= MAX_DEPTH:
            self._stop(event, f"is nested more than {MAX_DEPTH} levels deep")
        path: Path = ()
        if stack:
            top = stack[-1]
            if type(top.value) is dict:
                if top.key is None:
                    self._stop(event, "a mapping key must be a plain word")
                path = (*top.path, str(top.key))
            else:
                path = (*top.path, len(top.value))
        opened = _Open(value=value, anchor=event.anchor, path=path, nodes_before=self._nodes)
        if event.anchor is not None:
            self._anchors.pop(event.anchor, None)
        stack.append(opened)

    def _end(self, _event: Any) -> None:
        closed = self._stack.pop()
        if closed.merges:
            for merged in closed.merges:
                for key, value in merged.items():
                    closed.value.setdefault(key, value)
        if closed.anchor is not None:
            self._anchors[closed.anchor] = (closed.value, self._nodes - closed.nodes_before + 1)
        self._put(closed.value)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._stop(event, f"alias *{event.anchor} names nothing that is complete above it")
        value, nodes = self._anchors[event.anchor]
        self._count(event, nodes)
        top = self._stack[-1] if self._stack else None
        if top is not None and type(top.value) is dict and top.key is None:
            if not isinstance(value, str):
                self._stop(event, "a mapping key must be a plain word")
            self._set_key(event, value)
            return
        self._put(value)

    def _put(self, value: Any) -> None:
        if not self._stack:
            self.documents.append(value)
            return
        top = self._stack[-1]
        if type(top.value) is list:
            top.value.append(value)
            return
        if top.merging:
            self._merge(top, value)
        elif top.key not in top.value:
            top.value[top.key] = value
        top.key = None

    def _merge(self, top: _Open, value: Any) -> None:
        for source in value if isinstance(value, list) else [value]:
            if isinstance(source, dict):
                top.merges.append(source)
            else:
                where = spell((*top.path, "<<"))
                message = "merges something that is no mapping"
                self.faults.append(_at(self._path, top.key_event.start_mark, message, where))

    def _count(self, event: Any, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._stop(event, f"holds more than {MAX_NODES} values once its aliases are expanded")

    def _check_tag(self, event: Any) -> None:
        if event.tag not in _STANDARD_TAGS:
            self._stop(event, f"has a tag that is not read: {event.tag}")

    def _stop(self, event: Any, message: str) -> None:
        raise DocumentFault(_at(self._path, event.start_mark, message))


def spell(path: Path) -> str:
    """A path as people read it: ("slos", 0, "sli") → "slos[0].sli"."""
    out = ""
    for step in path:
        out += f"[{step}]" if isinstance(step, int) else f".{step}" if out else step
    return out


def _at(path: str, mark: Any, message: str, where: str = "") -> Fault:
    line, column = (mark.line + 1, mark.column + 1) if mark is not None else (0, 0)
    return Fault(path=path, line=line, column=column, where=where, message=message)
