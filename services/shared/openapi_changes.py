"""What a change of an OpenAPI document breaks for client programs. Additions break nothing; see also schema_changes."""

from collections.abc import Iterator, Mapping
from functools import reduce
from typing import Any

from services.shared.schema_changes import READ, SENT, SchemaChanges

Document = Mapping[str, Any]
METHODS = ("get", "put", "post", "delete", "patch", "head", "options", "trace")


def breaking(before: Document, after: Document) -> tuple[str, ...]:
    """What clients of *before* meet no longer in *after*, each in a line: `GET /things: is gone`. Empty: nothing."""
    changes = _Changes(before, after)
    return tuple(dict.fromkeys(changes.operations()))


class _Changes:
    def __init__(self, before: Document, after: Document) -> None:
        self._before = before
        self._after = after
        self._schemas = SchemaChanges(
            lambda reference: _looked_up(before, reference), lambda reference: _looked_up(after, reference)
        )

    def operations(self) -> Iterator[str]:
        """What breaks, operation by operation."""
        for path, methods in sorted(self._before.get("paths", {}).items()):
            now = self._after.get("paths", {}).get(path, {})
            for method in METHODS:
                if method not in methods:
                    continue
                where = f"{method.upper()} {path}"
                if method not in now:
                    yield f"{where}: is gone"
                else:
                    yield from self._operation(_with_shared(methods, method), _with_shared(now, method), where)

    def _operation(self, before: Document, after: Document, where: str) -> Iterator[str]:
        if before.get("operationId") != after.get("operationId"):
            yield f"{where}: operationId is now {after.get('operationId')!r}"
        if not self._needs_token(self._before, before) and self._needs_token(self._after, after):
            yield f"{where}: needs a token now"
        yield from self._parameters(before, after, where)
        yield from self._body(before.get("requestBody"), after.get("requestBody"), where)
        yield from self._responses(before.get("responses", {}), after.get("responses", {}), where)

    @staticmethod
    def _needs_token(document: Document, operation: Document) -> bool:
        needed = operation.get("security", document.get("security", []))
        return bool(needed) and {} not in needed

    def _parameters(self, before: Document, after: Document, where: str) -> Iterator[str]:
        old, new = _by_place(self._before, before), _by_place(self._after, after)
        for place, name in sorted(set(old) - set(new)):
            yield f"{where}: {place} parameter {name} is gone"
        for (place, name), parameter in sorted(new.items()):
            earlier = old.get((place, name))
            if parameter.get("required", False) and not (earlier or {}).get("required", False):
                yield f"{where}: {place} parameter {name} is now required"
            if earlier is not None:
                yield from self._schemas.compare(
                    earlier.get("schema", {}), parameter.get("schema", {}), f"{where}: {name}", SENT
                )

    def _body(self, before: Document | None, after: Document | None, where: str) -> Iterator[str]:
        if after is None:
            if before is not None:
                yield f"{where}: the body is no longer taken"
            return
        if after.get("required", False) and not (before or {}).get("required", False):
            yield f"{where}: the body is now required"
        if before is not None:
            yield from self._contents(before.get("content", {}), after.get("content", {}), f"{where}: body", SENT)

    def _responses(self, before: Document, after: Document, where: str) -> Iterator[str]:
        for status, answer in sorted(before.items()):
            if status in after:
                old, new = answer.get("content", {}), after[status].get("content", {})
                yield from self._contents(old, new, f"{where}: {status}", READ)
            elif status < "400":
                yield f"{where}: the answer {status} is gone"

    def _contents(self, before: Document, after: Document, where: str, direction: str) -> Iterator[str]:
        for media_type, content in sorted(before.items()):
            if media_type not in after:
                yield f"{where}: {media_type} is gone"
            else:
                old, new = content.get("schema", {}), after[media_type].get("schema", {})
                yield from self._schemas.compare(old, new, where, direction)


def _with_shared(methods: Document, method: str) -> Document:
    """The operation with the parameters that all of its path have."""
    operation = methods[method]
    return {**operation, "parameters": [*methods.get("parameters", []), *operation.get("parameters", [])]}


def _by_place(document: Document, operation: Document) -> dict[tuple[str, str], Document]:
    found = [_looked_up(document, each["$ref"]) if "$ref" in each else each for each in operation.get("parameters", [])]
    return {(each["in"], each["name"]): each for each in found}


def _looked_up(document: Document, reference: str) -> Document:
    """What the local *reference* (`#/components/…`) means."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/"))
    return reduce(lambda node, part: node[part], parts, document)
