"""Reads the single values of a spec: names, numbers, switches, durations, labels, queries. Raises ValueError
with a sentence that says what was expected.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from slo import gotemplate, query, windows
from slo.conventions import RESERVED_PREFIX
from slo.document import Plain
from slo.errors import QueryError

NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
DURATION = re.compile(r"([0-9]+)([smhdw])")
MAX_DIGITS = 12
"""Before and behind the decimal point of any number: more would be a slip."""
OBJECTIVE_DIGITS = 10
"""Behind the point of an objective. Measured on Prometheus at a burn rate of 0.5, where bad is total minus good: it
reads 0.5000 with 10 digits, up to 0.55 with 11 and 0 with 12, for floats no longer hold single events beyond 2^53."""
UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")


def name(text: str) -> str:
    """A service, SLO or KPI name, as sloth allows it."""
    if not NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a name: two or more letters, digits, '-', '_' or '.', a letter or digit at both ends"
        )
    return text


def team(text: str) -> str:
    """A team's name, or none."""
    return name(text) if text else text


def query_text(text: str) -> query.Query:
    """A query, read."""
    try:
        return query.parse(text)
    except QueryError as error:
        raise ValueError(str(error)) from None


def metric(text: str) -> str:
    """The name of a metric."""
    if not METRIC.fullmatch(text):
        raise ValueError(f"{text!r} is not a metric name: letters, digits, '_' and ':' only, no digit first")
    return text


def selector(text: str) -> str:
    """Label matchers without braces, to be put before another one."""
    try:
        query.parse_matchers(text)
    except QueryError as error:
        raise ValueError(f"{text!r} {error}") from None
    return text


def number(value: Any) -> Any:
    """A decimal, exactly as written."""
    if not isinstance(value, Plain):
        raise ValueError(f"expected a number, got {kind(value)}")
    try:
        read = Decimal(value.replace("_", ""))
    except ArithmeticError:
        raise ValueError(f"{value} is not a decimal number") from None
    if read.is_finite() and read and not -MAX_DIGITS <= read.adjusted() <= MAX_DIGITS:
        raise ValueError(f"{value} is out of range")
    return read


def finite(value: Any) -> Any:
    """Any number, also a negative one; none for what is left out."""
    read = number(value) if value is not None else None
    if read is not None and not read.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return read


def positive(value: Any) -> Any:
    """A number above 0; none for what is left out."""
    read = finite(value)
    if read is not None and read <= 0:
        raise ValueError(f"{value} is not a number above 0")
    return read


def count(value: Any) -> Any:
    """A whole number, 0–1,000,000."""
    read = number(value)
    if not read.is_finite() or read != read.to_integral_value() or not 0 <= read <= 1_000_000:
        raise ValueError(f"{value} is not a whole number from 0 to 1000000")
    return int(read)


def seconds(value: Any) -> Any:
    """A positive number of seconds."""
    read = number(value)
    if not read.is_finite() or read <= 0:
        raise ValueError(f"{value} is not a positive number of seconds")
    return read


def objective(percent: Decimal) -> Decimal:
    """Per cent, 0–100, both ends excluded."""
    read = percent.normalize()  # rounds to 28 digits, which may make it 100
    if not read.is_finite() or not 0 < read < 100:
        hint = "; 100 leaves no error budget, so every alert would be about nothing" if read == 100 else ""
        raise ValueError(f"{percent} is not in (0, 100){hint}")
    if -int(read.as_tuple().exponent) > OBJECTIVE_DIGITS:
        raise ValueError(
            f"{percent} has more than {OBJECTIVE_DIGITS} digits behind the point;"
            " Prometheus' numbers cannot tell such an error budget from a rounding error"
        )
    return read


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


class KeyFaults(ValueError):
    """What is wrong with single entries of a mapping: (key, message, whether the key itself is wrong)."""

    def __init__(self, found: list[tuple[str, str, bool]]) -> None:
        super().__init__("; ".join(f"{key}: {message}" for key, message, _ in found))
        self.found = tuple(found)


def labels(value: Any) -> Any:
    """Labels that a user may set on series: plain text."""
    return _entries(value, _label_problem, _plain_problem)


def alert_labels(value: Any) -> Any:
    """Labels of an alert, whose values are templates."""
    return _entries(value, _label_problem, template_problem)


def alert_annotations(value: Any) -> Any:
    """Annotations, whose values are templates."""
    return _entries(value, _annotation_problem, template_problem)


def text_map(value: Any) -> Any:
    """Options of a plugin: any text, also none."""
    return {k: "" if v is None else v for k, v in value.items()} if isinstance(value, dict) else value


def _entries(value: Any, key_problem: Callable[[str], str], text_problem: Callable[[str], str]) -> Any:
    """A mapping of text to text, each entry looked at; what is no mapping is left to the shape."""
    if not isinstance(value, dict):
        return value
    read: dict[str, str] = {}
    found: list[tuple[str, str, bool]] = []
    for key, text in value.items():
        problem = key_problem(key)
        if problem:
            found.append((key, problem, True))
            continue
        read[key] = str(text).lower() if isinstance(text, bool) else text
        problem = _no_text_problem(read[key]) or text_problem(read[key])
        if problem:
            found.append((key, problem, False))
    if found:
        raise KeyFaults(found)
    return read


def _label_problem(key: str) -> str:
    if not LABEL.fullmatch(key):
        return f"is not a label name: letters, digits and '_' only, no digit first{_similar_name(key)}"
    if key.startswith((RESERVED_PREFIX, "__")):
        return "is reserved; choose a label that does not start with 'sloth_' or '__'"
    return ""


def _annotation_problem(key: str) -> str:
    if not LABEL.fullmatch(key):
        return f"is not an annotation name: letters, digits and '_' only, no digit first{_similar_name(key)}"
    return ""


def _similar_name(key: str) -> str:
    similar = re.sub(r"\W", "_", key, flags=re.ASCII)
    return f"; did you mean {similar!r}?" if LABEL.fullmatch(similar) and similar.strip("_") else ""


def _no_text_problem(value: Any) -> str:
    if value is None or value == "":
        return "is empty; give it a value or leave it out"
    return "" if isinstance(value, str) else f"expected text, got {kind(value)}"


def _plain_problem(text: str) -> str:
    if len(text) > gotemplate.MAX_LENGTH:
        return f"is longer than {gotemplate.MAX_LENGTH} characters"
    if "{{" in text:
        return "holds a template, but labels of an SLO are plain text; labels of its alerts may hold templates"
    return ""


def template_problem(text: str) -> str:
    """Why Prometheus cannot render *text*; "" where it can."""
    problem = gotemplate.problem(text) if "{{" in text or len(text) > gotemplate.MAX_LENGTH else ""
    return f"is not a template that Prometheus can read: {problem}" if problem else ""


def duration_seconds(value: Any) -> Any:
    """Seconds of "10m", "1h"; a plain 0 stands for off."""
    if str(value) == "0":
        return 0
    found = DURATION.fullmatch(str(value)) if isinstance(value, str) else None
    if not found or int(found[1]) == 0 or len(found[1]) > 6:
        raise ValueError(f"{value!r} is not a duration such as 10m or 1h (0 turns it off)")
    return int(found[1]) * UNIT_SECONDS[found[2]]


def period_days(value: Any) -> Any:
    """Days of "30d" or "4w"."""
    found = DURATION.fullmatch(value) if isinstance(value, str) else None
    days = int(found[1][:6]) * UNIT_SECONDS[found[2]] / windows.DAY if found else 0
    if days != int(days) or not 1 <= days <= 90:
        hint = f"; did you mean {value}d?" if re.fullmatch(r"[1-9]|[1-8][0-9]|90", str(value)) else ""
        raise ValueError(f"{value!r} is not a period of whole days from 1d to 90d{hint}")
    return int(days)


def kind(value: Any) -> str:
    """How a fault names what it found."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    return f"{str(value)!r}" if isinstance(value, Plain) else f"the text {value!r}"
