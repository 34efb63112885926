"""Finds the line and column of a value in a YAML or JSON file.

This is the second, careful reading: it keeps a mark for every node, and only a faulty file pays for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from slo.document import Path

Mark = tuple[int, int]
"""Line and column, both from 1."""

_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,\n]|[^\s\[\]{}:,"]+', re.DOTALL)


@dataclass(slots=True)
class Node:
    """A value: where it stands, and what is inside it. `entries`: key → (place of the key, value)."""

    mark: Mark
    entries: dict[str, tuple[Mark, Node]] | None = None
    items: list[Node] | None = None
    merged: list[Node] = field(default_factory=list)
    duplicates: list[tuple[str, Mark]] = field(default_factory=list)


@dataclass(slots=True)
class _Open:
    """A collection that is being read."""

    node: Node
    anchor: str | None = None
    key: tuple[str, Mark] | None = None


class Positions:
    """Where the values of one file stand. Reads the text on first use."""

    def __init__(self, text: str, *, is_json: bool = False) -> None:
        self._text = text
        self._is_json = is_json
        self._nodes: list[Node] | None = None

    def of(self, document: int, path: Path, *, key: bool = False) -> Mark:
        """The place of the value (or its key) at *path*; of the nearest parent where it is missing.

        Args:    document: its index among the file's documents, empty ones included.
        """
        found = self._root(document)
        if found is None:
            return 1, 1
        mark = found.mark
        for depth, step in enumerate(path, start=1):
            entry = _child(found, step)
            if entry is None:
                return mark
            key_mark, found = entry
            mark = key_mark if key and depth == len(path) else found.mark
        return mark

    def duplicates(self, document: int) -> Iterator[tuple[Path, Mark]]:
        """Every key that its mapping has twice: its path, and where it stands again."""
        root = self._root(document)
        stack: list[tuple[Path, Node]] = [((), root)] if root else []
        while stack:
            path, node = stack.pop()
            yield from (((*path, key), mark) for key, mark in node.duplicates)
            stack += [((*path, key), value) for key, (_, value) in (node.entries or {}).items()]
            stack += [((*path, index), value) for index, value in enumerate(node.items or ())]

    def _root(self, document: int) -> Node | None:
        if self._nodes is None:
            self._nodes = [_read_json(self._text)] if self._is_json else _read_yaml(self._text)
        return self._nodes[document] if document < len(self._nodes) else None


def _child(node: Node, step: str | int) -> tuple[Mark, Node] | None:
    if isinstance(step, int):
        inside = node.items is not None and step < len(node.items)
        return (node.items[step].mark, node.items[step]) if inside and node.items else None
    return node.entries.get(step) if node.entries is not None else None


class _Tree:
    """Puts nodes where they belong; the same for both languages."""

    def __init__(self) -> None:
        self.roots: list[Node] = []
        self._stack: list[_Open] = []

    @property
    def expects_key(self) -> bool:
        """Whether the next scalar is the key of a mapping."""
        return bool(self._stack) and self._stack[-1].node.entries is not None and self._stack[-1].key is None

    def key(self, text: str, mark: Mark) -> None:
        self._stack[-1].key = text, mark

    def open(self, node: Node, anchor: str | None = None) -> None:
        self._stack.append(_Open(node, anchor))

    def close(self) -> _Open:
        closed = self._stack.pop()
        for source in closed.node.merged:
            for key, entry in (source.entries or {}).items():
                closed.node.entries = closed.node.entries or {}
                closed.node.entries.setdefault(key, entry)
        return closed

    def put(self, node: Node) -> None:
        if not self._stack:
            self.roots.append(node)
            return
        top = self._stack[-1]
        if top.node.items is not None:
            top.node.items.append(node)
        elif top.node.entries is not None and top.key is not None:
            text, mark = top.key
            top.key = None
            if text == "<<":
                top.node.merged += node.items if node.items is not None else [node]
            elif text in top.node.entries:
                top.node.duplicates.append((text, mark))
            else:
                top.node.entries[text] = mark, node


def _read_yaml(text: str) -> list[Node]:
    """The documents of a YAML text that `document.read` has read without a fault of its language."""
    tree, anchors = _Tree(), dict[str, Node]()
    event: Any
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        mark = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            node = Node(mark)
            if event.anchor is not None:
                anchors[event.anchor] = node
            if tree.expects_key:
                tree.key(event.value, mark)
            else:
                tree.put(node)
        elif isinstance(event, yaml.AliasEvent):
            _alias(event, mark, tree, anchors)
        elif isinstance(event, yaml.MappingStartEvent):
            tree.open(Node(mark, entries={}), event.anchor)
        elif isinstance(event, yaml.SequenceStartEvent):
            tree.open(Node(mark, items=[]), event.anchor)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            closed = tree.close()
            if closed.anchor is not None:
                anchors[closed.anchor] = closed.node
            tree.put(closed.node)
    return tree.roots


def _alias(event: Any, mark: Mark, tree: _Tree, anchors: dict[str, Node]) -> None:
    if tree.expects_key:  # an alias as a key: its own name tells where it stands
        tree.key(f"*{event.anchor}", mark)
    else:
        tree.put(anchors.get(event.anchor, Node(mark)))


def _read_json(text: str) -> Node:
    """The value of a JSON text that `json.loads` has read."""
    tree, line, start = _Tree(), 1, 0
    for match in _JSON_TOKEN.finditer(text):
        token, mark = match[0], (line, match.start() - start + 1)
        if token == "\n":
            line, start = line + 1, match.end()
        elif token == "{":
            tree.open(Node(mark, entries={}))
        elif token == "[":
            tree.open(Node(mark, items=[]))
        elif token in "}]":
            tree.put(tree.close().node)
        elif token[0] == '"' and tree.expects_key:
            tree.key(json.loads(token), mark)
        elif token not in ":,":
            tree.put(Node(mark))
    return tree.roots[0]
