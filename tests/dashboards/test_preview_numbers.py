"""Values as people read them."""

from __future__ import annotations

import math

import pytest

from dashboards.model import GREEN, ORANGE, RED, Limit
from dashboards.preview_numbers import colour, written


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.9991, "percentunit", 2, "99.91 %"),
        (0.5, "percentunit", None, "50 %"),
        (-0.094, "percentunit", 1, "-9.4 %"),
        (0.0235, "s", None, "23.5 ms"),
        (0.0, "s", 3, "0.000 s"),
        (5760.0, "s", 0, "1.6 h"),
        (12.0, "s", 0, "12 s"),
        (1234.0, "short", 0, "1.23 K"),
        (3.0, "short", None, "3"),
        (0.0087, "reqps", None, "0.0087 req/s"),
        (2.5, "reqps", None, "2.5 req/s"),
        (3 * 2.0**30, "bytes", None, "3 GiB"),
        (2e6, "Bps", None, "2 MB/s"),
        (14.4, "suffix:×", 1, "14.4×"),
        (30.0, "suffix: days", 0, "30 days"),
        (math.nan, "s", 2, "–"),
        (math.inf, "s", 2, "∞"),
        (-math.inf, "short", None, "-∞"),
    ],
)
def test_written(value: float, unit: str, decimals: int | None, text: str) -> None:
    """In a size that fits, with Grafana's units."""
    assert written(value, unit, decimals) == text


LIMITS = (Limit(value=0.9, colour=RED), Limit(value=0.5, colour=ORANGE))


@pytest.mark.parametrize(
    ("value", "expected"), [(0.4, GREEN), (0.5, ORANGE), (0.89, ORANGE), (2.0, RED), (math.nan, "text")]
)
def test_colour(value: float, expected: str) -> None:
    """Of the last limit that a value reaches, in whatever order limits are given."""
    assert colour(value, GREEN, LIMITS) == expected


def test_a_strict_limit_leaves_nought_alone() -> None:
    """As the alert does that fires above it."""
    limit = (Limit(value=0, colour=RED, strict=True),)
    assert [colour(value, GREEN, limit) for value in (0.0, 1.0)] == [GREEN, RED]
