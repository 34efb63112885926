"""Reads the single values of a spec: names, numbers, switches, durations, labels, queries. Raises ValueError
with a sentence that says what was expected.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from slo import gotemplate, query, windows
from slo.conventions import RESERVED_PREFIX
from slo.document import Plain
from slo.errors import QueryError

NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
DURATION = re.compile(r"(\d+)([smhdw])")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


def name(text: str) -> str:
    """A service, SLO or KPI name, as sloth allows it."""
    if not NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a name: two or more letters, digits, '-', '_' or '.', a letter or digit at both ends"
        )
    return text


def query_text(text: str) -> query.Query:
    """A query, read."""
    try:
        return query.parse(text)
    except QueryError as error:
        raise ValueError(str(error)) from None


def number(value: Any) -> Any:
    """A decimal, exactly as written."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = Plain(repr(value))
    if not isinstance(value, Plain):
        raise ValueError(f"expected a number, got {kind(value)}")
    try:
        return Decimal(value.replace("_", ""))
    except ArithmeticError:
        raise ValueError(f"{value} is not a decimal number") from None


def count(value: Any) -> Any:
    """A whole number, 0–1,000,000."""
    read = number(value)
    if not read.is_finite() or read != read.to_integral_value() or not 0 <= read <= 1_000_000:
        raise ValueError(f"{value} is not a whole number from 0 to 1000000")
    return int(read)


def objective(percent: Decimal) -> Decimal:
    """Per cent, 0–100, both ends excluded."""
    if not percent.is_finite() or not 0 < percent < 100:
        hint = "; 100 leaves no error budget, so every alert would be about nothing" if percent == 100 else ""
        raise ValueError(f"{percent} is not in (0, 100){hint}")
    return percent.normalize()


def switch(value: Any) -> Any:
    """A boolean, in any of YAML's spellings."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Plain) and value.lower() in (*_TRUE, *_FALSE):
        return value.lower() in _TRUE
    raise ValueError(f"expected true or false, got {kind(value)}")


def typed(value: Plain) -> bool | int | float | str:
    """The number or boolean that *value* is, for settings whose types only their reader knows."""
    if value.lower() in (*_TRUE, *_FALSE):
        return value.lower() in _TRUE
    for read in (int, float):
        try:
            number_read = read(value)
        except ValueError:
            continue
        if math.isfinite(number_read):
            return number_read
    return str(value)


def labels(value: dict[str, str]) -> dict[str, str]:
    """Labels that a user may set."""
    for name, text in value.items():
        if not LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is not a label name: letters, digits and '_' only, no digit first")
        if name.startswith((RESERVED_PREFIX, "__")):
            raise ValueError(f"{name!r} is reserved; choose a label that does not start with 'sloth_' or '__'")
        if not text:
            raise ValueError(f"{name!r} is empty; give it a value or leave it out")
    return value


def alert_labels(value: dict[str, str]) -> dict[str, str]:
    """Labels of an alert, whose values are templates."""
    return annotation_texts(labels(value))


def annotation_texts(value: dict[str, str]) -> dict[str, str]:
    """Annotations, whose values are templates."""
    for name, text in value.items():
        if not LABEL.fullmatch(name):
            raise ValueError(f"{name!r} is not an annotation name: letters, digits and '_' only, no digit first")
        if not text:
            raise ValueError(f"{name!r} is empty; give it a value or leave it out")
        problem = gotemplate.problem(text) if "{{" in text else ""
        if problem:
            raise ValueError(f"{name!r} is not a template that Prometheus can read: {problem}")
    return value


def duration_seconds(value: Any) -> Any:
    """Seconds of "10m", "1h"; a plain 0 stands for off."""
    if str(value) == "0":
        return 0
    found = DURATION.fullmatch(str(value)) if isinstance(value, str) else None
    if not found or int(found[1]) == 0 or len(found[1]) > 6:
        raise ValueError(f"{value!r} is not a duration such as 10m or 1h (0 turns it off)")
    return int(found[1]) * _UNIT_SECONDS[found[2]]


def period_days(value: Any) -> Any:
    """Days of "30d" or "4w"."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    days = int(found[1][:6]) * _UNIT_SECONDS[found[2]] / windows.DAY if found else 0
    if days != int(days) or not 1 <= days <= 90:
        raise ValueError(f"{value!r} is not a period of whole days from 1d to 90d")
    return int(days)


def text_map(value: Any) -> Any:
    """sloth reads `tier:` with nothing behind it as empty text."""
    return {k: "" if v is None else v for k, v in value.items()} if isinstance(value, dict) else value


def nothing_is_empty(value: Any) -> Any:
    """`alerting:` with nothing behind it is an empty mapping."""
    return {} if value is None else value


def kind(value: Any) -> str:
    """How a fault names what it found."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else f"{str(value)!r}" if isinstance(value, Plain) else f"the text {value!r}"
