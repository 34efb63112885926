"""Finds the line and column of a value in a YAML or JSON file.

This is the second, careful reading: it keeps a mark for every node, and only a faulty file pays for it.
"""

from __future__ import annotations

from typing import Any

import yaml

from slo.document import Path


class Positions:
    """Where the values of one file stand. Reads the text on first use."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._nodes: list[Any] | None = None

    def of(self, document: int, path: Path, *, key: bool = False) -> tuple[int, int]:
        """Line and column, from 1, of the value (or its key) at *path*; of the nearest parent where it is missing.

        Args:    document: its index among the file's documents, empty ones included.
        """
        node = self._root(document)
        if node is None:
            return 0, 0
        found = node
        for step in path:
            parent, entry = node, _child(node, step)
            if entry is None:
                break
            key_node, node = entry
            found = key_node if key and key_node is not None and step is path[-1] else node
            if parent is node:
                break
        return found.start_mark.line + 1, found.start_mark.column + 1

    def _root(self, document: int) -> Any:
        if self._nodes is None:
            self._nodes = list(yaml.compose_all(self._text, Loader=yaml.CSafeLoader))
        return self._nodes[document] if document < len(self._nodes) else None


def _child(node: Any, step: str | int) -> tuple[Any, Any] | None:
    """(key node or None, value node) of one step, looking through merges."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (None, node.value[step]) if step < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    for key_node, value_node in node.value:
        if key_node.value == step:
            return key_node, value_node
    for key_node, value_node in node.value:
        if key_node.value == "<<":
            merged = value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]
            for source in merged:
                entry = _child(source, step)
                if entry is not None:
                    return entry
    return None
