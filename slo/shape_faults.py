"""Says in one line each what the shapes find wrong with a document, with its place and a did-you-mean."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from slo.document import Path, spell
from slo.errors import Fault
from slo.positions import Positions
from slo.scalars import KeyFaults, kind
from slo.spec import Shape

_EXPECTED = {
    "string_type": "text",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "list_type": "a list",
}
_LONGEST_WORD = 60
"""A longer key is no slip of the pen, and comparing it with others takes long."""


def faults(
    findings: list[dict[str, Any]], shape: type[Shape], path: str, document: int, positions: Positions
) -> Iterator[Fault]:
    """A fault for each of the findings of `spec.read`."""
    lacking = {tuple(found["loc"][:-1]) for found in findings if found["type"] == "missing"}
    meant = {
        _meant(found, shape)
        for found in findings
        if found["type"] == "extra_forbidden" and found["loc"][:-1] in lacking
    }
    for found in findings:
        loc: Path = tuple(step for step in found["loc"] if step != "[key]")
        if found["type"] == "missing" and loc in meant:
            continue  # the key is there, misspelt, and a fault of its own says so
        for steps, message, at_key in _messages(found, loc, shape):
            line, column = positions.of(document, steps, key=at_key)
            yield Fault(path=path, line=line, column=column, where=spell(steps), message=message)


def _messages(found: dict[str, Any], loc: Path, shape: type[Shape]) -> Iterator[tuple[Path, str, bool]]:
    """(path, message, whether the key is meant and not the value) of all that a finding tells."""
    error = found.get("ctx", {}).get("error")
    if isinstance(error, KeyFaults):
        for key, message, at_key in error.found:
            yield (*loc, key), message, at_key
    else:
        yield loc, _message(found, loc, shape), found["type"] == "extra_forbidden" or "[key]" in found["loc"]


def _message(found: dict[str, Any], loc: Path, shape: type[Shape]) -> str:
    match found["type"]:
        case "extra_forbidden":
            return f"unknown key{did_you_mean(str(loc[-1]), _keys_beside(loc, shape))}"
        case "missing":
            return f"is missing; expected {_description(loc, shape)}"
        case "value_error":
            return str(found["ctx"]["error"])
        case "too_short":
            return f"is empty; expected {_description(loc, shape)}"
        case "string_too_short":
            return f"is empty; expected {_description(loc, shape)}"
        case "literal_error":
            return f"{found['input']!r} is not {found['ctx']['expected']}"
        case other if other in _EXPECTED:
            return f"expected {_EXPECTED[other]}, got {kind(found['input'])}"
    return str(found["msg"])


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?`, or which there are."""
    close = _closest(word, tuple(known))
    return f"; did you mean {close!r}?" if close else f"; known here: {', '.join(known)}"


@lru_cache(maxsize=1024)
def _closest(word: str, known: tuple[str, ...]) -> str:
    if len(word) > _LONGEST_WORD:
        return ""
    same = [key for key in known if _letters(key) == _letters(word)]  # `errorQuery` for `error_query`
    return next(iter(same or difflib.get_close_matches(word, known, n=1, cutoff=0.6)), "")


def _letters(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()


def _meant(found: dict[str, Any], shape: type[Shape]) -> Path:
    """The path that the author of an unknown key had in mind."""
    loc: Path = tuple(found["loc"])
    return (*loc[:-1], _closest(str(loc[-1]), tuple(_keys_beside(loc, shape))))


# --- looking into the shapes ------------------------------------------------------------------------------------


def _keys_beside(loc: Path, shape: type[Shape]) -> list[str]:
    """The keys that the shape at *loc*'s parent knows, spelled as the document's dialect spells them."""
    model = _parent(loc, shape)
    camel = "apiVersion" in {field.alias for field in shape.model_fields.values()}
    return [field.alias or name if camel else name for name, field in model.model_fields.items()] if model else []


def _description(loc: Path, shape: type[Shape]) -> str:
    """What the field at *loc* is for."""
    model = _parent(loc, shape)
    fields = model.model_fields.items() if model else ()
    return next((field.description or "a value" for name, field in fields if loc[-1] in (name, field.alias)), "a value")


def _parent(loc: Path, shape: type[Shape]) -> Any:
    model: Any = shape
    for step in loc[:-1]:
        if isinstance(step, str) and model is not None:
            model = _field_model(model, step)
    return model


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
