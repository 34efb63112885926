"""Builds PromQL from data: numbers, label values, selectors. Pure; the only place where text is quoted for PromQL."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

# Prometheus takes U+FFFD itself for a sign of broken UTF-8.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\ufffd": "\\ufffd"})


def quote(text: str) -> str:
    """*text* as a double-quoted PromQL string."""
    return f'"{text.translate(_ESCAPES)}"'


@lru_cache(maxsize=512, typed=True)  # 100 and 100.0 are equal, and spelled differently
def number(value: Decimal | Fraction | float | int) -> str:
    """The shortest text that reads back as *value*: never an exponent for a Decimal, "14.4" for 72/5."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, Fraction) and value.denominator == 1:
        return str(value.numerator)
    return repr(float(value)) if not isinstance(value, int) else str(value)


def matchers(labels: Iterable[tuple[str, str]]) -> str:
    """`{a="1", b="2"}`: equality matchers in the order given."""
    return "{" + ", ".join(f"{name}={quote(value)}" for name, value in labels) + "}"


def ignoring(labels: Iterable[str]) -> str:
    """` ignoring (a, b)` for a binary operator, or nothing when there is nothing to ignore."""
    names = ", ".join(labels)
    return f" ignoring ({names})" if names else ""


def by(labels: Iterable[str]) -> str:
    """`by (a, b)`: the labels that an aggregation keeps."""
    return f"by ({', '.join(labels)})"


def without(labels: Iterable[str]) -> str:
    """`without (a, b)`: the labels that an aggregation drops."""
    return f"without ({', '.join(labels)})"
