"""Says in one line each the shapes find wrong with a document, with its place and a did-you-mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from slo.document import Path, spell
from slo.errors import Fault
from slo.positions import Positions
from slo.spec import Shape

_EXPECTED = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}


def faults(
    findings: list[dict[str, Any]], shape: type[Shape], path: str, document: int, positions: Positions
) -> Iterator[Fault]:
    """A fault for each of the findings of `spec.read`."""
    for found in findings:
        loc: Path = tuple(step for step in found["loc"] if step != "[key]")
        unknown = found["type"] == "extra_forbidden"
        line, column = positions.of(document, loc, key=unknown)
        message = _message(found, loc, shape)
        yield Fault(path=path, line=line, column=column, where=spell(loc), message=message)


def _message(found: dict[str, Any], loc: Path, shape: type[Shape]) -> str:
    kind = found["type"]
    if kind == "extra_forbidden":
        return f"unknown key{did_you_mean(str(loc[-1]), _keys_beside(loc, found, shape))}"
    if kind == "missing":
        return "is missing"
    if kind == "value_error":
        return str(found["ctx"]["error"])
    if kind == "too_short":
        return "is empty; at least one SLO was expected"
    if kind == "string_too_short":
        return "is empty"
    if kind == "literal_error":
        return f"{found['input']!r} is not {found['ctx']['expected']}"
    if kind in _EXPECTED:
        return f"expected {_EXPECTED[kind]}, got {_spell_value(found['input'])}"
    return str(found["msg"])


def did_you_mean(word: str, known: list[str]) -> str:
    """`; did you mean 'x'?`, or which keys there are."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if not close:  # `disabled` for `disable`, `errorQuery` for `error_query`
        close = [key for key in known if key.replace("_", "").lower() == word.replace("_", "").lower()]
    return f"; did you mean {close[0]!r}?" if close else f"; known here: {', '.join(known)}"


def _keys_beside(loc: Path, found: dict[str, Any], shape: type[Shape]) -> list[str]:
    """The keys that the shape at *loc*'s parent knows, spelled as the document's dialect spells them."""
    model: Any = shape
    camel = "apiVersion" in _aliases(shape)
    for step in loc[:-1]:
        if isinstance(step, str):
            model = _field_model(model, step)
        if model is None:
            return []
    return [field.alias or name if camel else name for name, field in model.model_fields.items()]


def _aliases(shape: type[Shape]) -> set[str]:
    return {field.alias for field in shape.model_fields.values() if field.alias}


def _field_model(model: Any, step: str) -> Any:
    for name, field in model.model_fields.items():
        if step in (name, field.alias):
            return _model_within(field.annotation)
    return None


def _model_within(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    for argument in getattr(annotation, "__args__", ()):
        model = _model_within(argument)
        if model is not None:
            return model
    return None


def _spell_value(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else repr(str(value))
