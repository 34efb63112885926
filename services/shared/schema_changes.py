"""What a change of a JSON Schema breaks for programs that were written against it, as OpenAPI 3.1 uses schemas.

What clients send must still be taken (it may be taken more widely), what they read must still come (it may be more).
A value that leaves an enum breaks both: it is sent no more, or waited for in vain. A value that joins one breaks
nothing, for clients are told to expect that.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
SENT = "sent"
READ = "read"

_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
# The reference that a schema was written as.
_WAS = "$was"
_FORMS = ("pattern", "format", "multipleOf", "uniqueItems")


class SchemaChanges:
    """Compares schemas of two documents, whose references *before* and *after* look up."""

    def __init__(self, before: Callable[[str], Schema], after: Callable[[str], Schema]) -> None:
        self._before = before
        self._after = after
        # Schemas may hold themselves: a pair is not compared inside itself.
        self._comparing: set[tuple[str, str, str]] = set()

    def compare(self, before: Schema, after: Schema, where: str, direction: str) -> Iterator[str]:
        """What breaks between *before* and *after*; *direction* is SENT or READ."""
        yield from self._alternatives(
            _alternatives(before, self._before), _alternatives(after, self._after), where, direction
        )

    def _alternatives(self, before: list[Schema], after: list[Schema], where: str, direction: str) -> Iterator[str]:
        kinds_before = {_kind(each) for each in before}
        kinds_after = {_kind(each) for each in after}
        if direction == SENT and "any" not in kinds_after:
            for kind in sorted(kinds_before - kinds_after - _covered(kinds_after)):
                yield f"{where}: {kind} is no longer taken"
        if direction == READ and "any" not in kinds_before:
            for kind in sorted(kinds_after - kinds_before - _covered(kinds_before)):
                yield f"{where}: may now be {kind}"
        for kind in sorted(kinds_before & kinds_after):
            olds = [each for each in before if _kind(each) == kind]
            news = [each for each in after if _kind(each) == kind]
            if direction == READ:
                for new in news:
                    yield from self._closest([(old, new) for old in olds], where, direction)
            else:
                for old in olds:
                    yield from self._closest([(old, new) for new in news], where, direction)

    def _closest(self, pairs: list[tuple[Schema, Schema]], where: str, direction: str) -> Iterator[str]:
        """What breaks in the pair that fits best: one alternative among several is enough."""
        found = [list(self._one(old, new, where, direction)) for old, new in pairs]
        yield from min(found, key=len)

    def _one(self, before: Schema, after: Schema, where: str, direction: str) -> Iterator[str]:
        if _WAS in before and _WAS in after:
            pair = (before[_WAS], after[_WAS], direction)
            if pair in self._comparing:
                return
            self._comparing.add(pair)
            yield from self._plain(before, after, where, direction)
            self._comparing.remove(pair)
        else:
            yield from self._plain(before, after, where, direction)

    def _plain(self, before: Schema, after: Schema, where: str, direction: str) -> Iterator[str]:
        yield from _values(before, after, where, direction)
        if direction == SENT:
            yield from _limits(before, after, where)
        yield from self._fields(before, after, where, direction)
        if "items" in before or "items" in after:
            yield from self.compare(before.get("items", {}), after.get("items", {}), f"{where}[]", direction)

    def _fields(self, before: Schema, after: Schema, where: str, direction: str) -> Iterator[str]:
        old, new = before.get("properties", {}), after.get("properties", {})
        needed_before, needed_after = set(before.get("required", ())), set(after.get("required", ()))
        for name in sorted(set(old) - set(new)):
            yield f"{where}.{name}: is gone"
        if direction == SENT:
            for name in sorted(needed_after - needed_before):
                yield f"{where}.{name}: is now required"
        else:
            for name in sorted((needed_before - needed_after) & set(new)):
                yield f"{where}.{name}: is no longer always there"
        for name in sorted(set(old) & set(new)):
            yield from self.compare(old[name], new[name], f"{where}.{name}", direction)
        yield from self._others(
            before.get("additionalProperties", True), after.get("additionalProperties", True), where, direction
        )

    def _others(self, before: Any, after: Any, where: str, direction: str) -> Iterator[str]:
        if direction == SENT and before is not False and after is False:
            yield f"{where}: other fields are no longer taken"
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from self.compare(before, after, f"{where}.*", direction)


def _alternatives(schema: Schema, look_up: Callable[[str], Schema]) -> list[Schema]:
    """*schema* as the plain schemas of which one has to fit: of anyOf, oneOf, and each of several types."""
    rest = dict(schema)
    if "$ref" in rest:
        reference = rest.pop("$ref")
        return _alternatives({**look_up(reference), **rest, _WAS: reference}, look_up)
    for word in ("anyOf", "oneOf"):
        if word in rest:
            members = rest.pop(word)
            return [each for member in members for each in _alternatives({**rest, **member}, look_up)]
    parts = rest.pop("allOf", [])
    for part in parts:
        rest = _merged(rest, _alternatives(part, look_up)[0])
    if isinstance(rest.get("type"), list):
        return [{**rest, "type": each} for each in rest["type"]]
    return [rest]


def _merged(one: dict[str, Any], other: Schema) -> dict[str, Any]:
    merged = {**one, **other}
    if "properties" in one and "properties" in other:
        merged["properties"] = {**one["properties"], **other["properties"]}
    if "required" in one and "required" in other:
        merged["required"] = [*one["required"], *other["required"]]
    return merged


def _kind(schema: Schema) -> str:
    """The type of a plain *schema*; `any` when it does not say."""
    if "type" in schema:
        return str(schema["type"])
    values = schema.get("enum", [schema["const"]] if "const" in schema else [])
    kinds = {type(value).__name__ for value in values}
    if len(kinds) == 1:
        return {"str": "string", "int": "integer", "bool": "boolean", "float": "number", "NoneType": "null"}.get(
            kinds.pop(), "any"
        )
    return "object" if "properties" in schema else "any"


def _covered(kinds: set[str]) -> set[str]:
    """What *kinds* hold beside themselves: each whole number is a number."""
    return {"integer"} if "number" in kinds else set()


def _values(before: Schema, after: Schema, where: str, direction: str) -> Iterator[str]:
    old = _enumerated(before)
    new = _enumerated(after)
    if new is not None and old is not None:
        for value in old:
            if value not in new:
                yield f"{where}: {value!r} is no longer one of its values"
    elif new is not None and direction == SENT:
        yield f"{where}: only some values are taken now"


def _enumerated(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _limits(before: Schema, after: Schema, where: str) -> Iterator[str]:
    for word in _LOWER:
        if word in after and (word not in before or after[word] > before[word]):
            yield f"{where}: {word} is now {after[word]}"
    for word in _UPPER:
        if word in after and (word not in before or after[word] < before[word]):
            yield f"{where}: {word} is now {after[word]}"
    for word in _FORMS:
        # Whether one pattern takes all that another takes cannot be told: any change counts.
        if word in after and after[word] != before.get(word):
            yield f"{where}: {word} is now {after[word]!r}"
