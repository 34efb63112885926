"""Ways through a dashboard's JSON: all of its panels, and what differs between two documents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]


def panels(document: Json, *, rows: bool = False) -> Iterator[Json]:
    """Each panel, those in collapsed rows as well; *rows*: the rows too."""
    for panel in document["panels"]:
        if panel["type"] != "row" or rows:
            yield panel
        yield from panel.get("panels", [])


def links(document: Json) -> Iterator[tuple[str, str]]:
    """Where each address of the document stands, and the address."""
    for link in document["links"]:
        if link["type"] == "link":
            yield "dashboard", link["url"]
    for panel in panels(document):
        for link in (*panel.get("links", ()), *panel["fieldConfig"]["defaults"].get("links", ())):
            yield panel["title"], link["url"]
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                if each["id"] == "links":
                    yield from ((panel["title"], link["url"]) for link in each["value"])


def lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Paths of what *before* holds and *after* does not, or otherwise."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in after:
                yield f"{path}.{name}"
            else:
                yield from lost(value, after[name], f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for one, other in zip(before, after, strict=True):
            yield from lost(one, other, f"{path}[]")
    elif before != after:
        yield f"{path}: {before!r} became {after!r}"
