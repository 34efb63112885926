"""Merges the services' OpenAPI documents into the one that the front door serves.

    python -m services.shared.openapi_merge            writes docs/openapi/shop.json and the storefront's copy of it
    python -m services.shared.openapi_merge --check    tells whether both are up to date

In it is what people's clients can call: not what services alone may, nor webhooks, which the front door lets nobody
reach. A name that two services use for different things gets the service's name in front.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.shared.identity import SERVICE
from services.shared.openapi_document import FOLDER, SERVICES, as_text, path_of

# Those with routes at the front door. A document that is not there yet is left out.
NAMES = ("catalog", "inventory", "orders", "users")
SHOP = "shop"
# The storefront's image holds services/ alone.
COPY = SERVICES / "storefront" / "shop.json"
_HIDDEN_PREFIXES = ("/api/v1/webhooks",)
_INFO = {
    "title": "Tillwatch",
    "version": "1.0.0",
    "description": "The shop's whole API. Errors are problems (RFC 9457) with a stable `code`; log in at "
    "`/api/v1/auth/login` for an access token.",
}
Document = dict[str, Any]


def merge(documents: Mapping[str, Document]) -> Document:
    """One document of *documents*, by service name, in their order.

    Raises:  ValueError: two services have the same path.
    """
    public = {name: _public(document) for name, document in documents.items()}
    renamed = {name: _renamed(document, _clashes(name, public), name) for name, document in public.items()}
    merged: Document = {"openapi": "3.1.0", "info": dict(_INFO), "servers": [{"url": "/"}], "tags": [], "paths": {}}
    components: dict[str, dict[str, Any]] = {}
    for name, document in renamed.items():
        if twice := merged["paths"].keys() & document["paths"].keys():
            raise ValueError(f"{name}: {', '.join(sorted(twice))}: another service has this path too")
        merged["paths"] |= document["paths"]
        merged["tags"] += document["tags"]
        for kind, members in document["components"].items():
            components.setdefault(kind, {}).update(members)
    _prefix_ids(merged, renamed)
    return merged | {"components": components}


def _public(document: Document) -> Document:
    """*document* with the operations of the front door, and the tags and components that these use."""
    paths: dict[str, Any] = {}
    for path, operations in document["paths"].items():
        kept = {method: each for method, each in operations.items() if set(each.get("x-roles", [""])) != {SERVICE}}
        if kept and not path.startswith(_HIDDEN_PREFIXES):
            paths[path] = kept
    used = {tag for operations in paths.values() for each in operations.values() for tag in each.get("tags", ())}
    return {
        "paths": paths,
        "tags": [tag for tag in document.get("tags", ()) if tag["name"] in used],
        "components": _used(paths, document.get("components", {})),
    }


def _used(paths: Any, components: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Of *components* those that *paths* refer to, through others too, and all security schemes."""
    found: set[tuple[str, str]] = set()
    waiting: list[Any] = [paths]
    while waiting:
        for kind, name in _references(waiting.pop()):
            if (kind, name) not in found and name in components.get(kind, {}):
                found.add((kind, name))
                waiting.append(components[kind][name])
    kept: dict[str, dict[str, Any]] = {}
    for kind, name in sorted(found):
        kept.setdefault(kind, {})[name] = components[kind][name]
    if schemes := components.get("securitySchemes"):
        kept["securitySchemes"] = dict(schemes)
    return kept


def _references(node: Any) -> list[tuple[str, str]]:
    """(kind, name) of every `#/components/KIND/NAME` in *node*."""
    if isinstance(node, list):
        return [each for item in node for each in _references(item)]
    if not isinstance(node, dict):
        return []
    here = node.get("$ref")
    own = [_named(here)] if isinstance(here, str) and here.startswith("#/components/") else []
    return own + [each for item in node.values() for each in _references(item)]


def _named(reference: str) -> tuple[str, str]:
    _, _, kind, name = reference.split("/", 3)
    return kind, name


def _clashes(name: str, documents: Mapping[str, Document]) -> set[tuple[str, str]]:
    """(kind, name) of the components of *name* that another service defines otherwise; tags are of the kind `tags`."""
    own = documents[name]
    found = set()
    for other, document in documents.items():
        if other == name:
            continue
        for kind, members in own["components"].items():
            others = document["components"].get(kind, {})
            found |= {(kind, each) for each in members if each in others and members[each] != others[each]}
        tags = {tag["name"]: tag for tag in document["tags"]}
        found |= {("tags", tag["name"]) for tag in own["tags"] if tag["name"] in tags}
    return found


def _renamed(document: Document, clashes: set[tuple[str, str]], service: str) -> Document:
    """*document* with the service's name in front of each of *clashes*."""
    prefix = service.capitalize()
    new = {(kind, name): f"{prefix}{name}" for kind, name in clashes if kind != "tags"}
    tags = {name: f"{prefix}: {name}" for kind, name in clashes if kind == "tags"}
    document = _rewritten(document, new)
    for operations in document["paths"].values():
        for operation in operations.values():
            if "tags" in operation:
                operation["tags"] = [tags.get(tag, tag) for tag in operation["tags"]]
    document["tags"] = [{**tag, "name": tags.get(tag["name"], tag["name"])} for tag in document["tags"]]
    document["components"] = {
        kind: {new.get((kind, name), name): member for name, member in members.items()}
        for kind, members in document["components"].items()
    }
    return document


def _rewritten(node: Any, new: Mapping[tuple[str, str], str]) -> Any:
    """A copy of *node* whose references name what is renamed by its new name."""
    if isinstance(node, list):
        return [_rewritten(item, new) for item in node]
    if not isinstance(node, dict):
        return node
    copy = {key: _rewritten(item, new) for key, item in node.items()}
    here = node.get("$ref")
    if isinstance(here, str) and here.startswith("#/components/"):
        kind, name = _named(here)
        copy["$ref"] = f"#/components/{kind}/{new.get((kind, name), name)}"
    schemes = {old: fresh for (kind, old), fresh in new.items() if kind == "securitySchemes"}
    if schemes and isinstance(node.get("security"), list):
        copy["security"] = [
            {schemes.get(name, name): scopes for name, scopes in each.items()} for each in node["security"]
        ]
    return copy


def _prefix_ids(merged: Document, documents: Mapping[str, Document]) -> None:
    """Put the service's name in front of operation ids that two services use."""
    ids: dict[str, int] = {}
    operations = [
        (service, operation)
        for service, document in documents.items()
        for methods in document["paths"].values()
        for operation in methods.values()
    ]
    for _, operation in operations:
        ids[operation["operationId"]] = ids.get(operation["operationId"], 0) + 1
    for service, operation in operations:
        if ids[operation["operationId"]] > 1:
            operation["operationId"] = f"{service}_{operation['operationId']}"


def merged_document(folder: Path = FOLDER) -> Document:
    """The document that those in *folder* make together."""
    paths = {name: path_of(name, folder) for name in NAMES}
    return merge({name: json.loads(path.read_text(encoding="utf-8")) for name, path in paths.items() if path.exists()})


def main(arguments: Sequence[str]) -> int:
    """The command. Returns its exit code: with --check 1 when a file is out of date."""
    parser = argparse.ArgumentParser(
        prog="python -m services.shared.openapi_merge", description="Merges the services' OpenAPI documents."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is out of date")
    parsed = parser.parse_args(arguments)
    text = as_text(merged_document())
    outdated = [path for path in (path_of(SHOP), COPY) if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in outdated:
        if not parsed.check:
            unfinished = path.with_suffix(".new")
            unfinished.write_text(text, encoding="utf-8")
            unfinished.replace(path)
        print(f"{path}: {'not up to date' if parsed.check else 'written'}")
    return 1 if parsed.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
