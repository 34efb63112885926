"""Writes values as people read them, by Grafana's names of units, and says which colour a value has."""

from __future__ import annotations

import math

from dashboards.model import Limit

_TIMES = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))
_THOUSANDS = ((1e9, " G"), (1e6, " M"), (1e3, " K"))
_BINARY = ((2.0**30, " GiB"), (2.0**20, " MiB"), (2.0**10, " KiB"))
_DECIMAL = ((1e9, " GB/s"), (1e6, " MB/s"), (1e3, " kB/s"))
NOTHING = "–"


def written(value: float, unit: str, decimals: int | None = None) -> str:
    """*value* with its *unit* (Grafana's name of it); a dash for what is no number."""
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "percentunit":
        return f"{_plain(value * 100, decimals)} %"
    if unit == "s":
        return _scaled(value, _TIMES, "s", decimals, space=" ")
    if unit == "bytes":
        return _scaled(value, _BINARY, " B", decimals)
    if unit == "Bps":
        return _scaled(value, _DECIMAL, " B/s", decimals)
    after = {"reqps": " req/s"}.get(unit, unit.removeprefix("suffix:") if unit.startswith("suffix:") else "")
    return f"{_scaled(value, _THOUSANDS, '', decimals)}{after}"


def colour(value: float, base: str, limits: tuple[Limit, ...]) -> str:
    """The colour of *value*: of the last of *limits* that it reaches, or *base*."""
    if math.isnan(value):
        return "text"
    reached = [limit for limit in limits if value >= limit.least]
    return max(reached, key=lambda limit: limit.least).colour if reached else base


def _scaled(
    value: float, scale: tuple[tuple[float, str], ...], unit: str, decimals: int | None, *, space: str = ""
) -> str:
    for size, name in scale:
        if abs(value) >= size:
            # Whole numbers of a scaled unit would hide too much: 1.6 h, not 2 h.
            places = None if size != 1 and decimals == 0 else decimals
            return f"{_plain(value / size, places)}{space}{name}"
    return f"{_plain(value, decimals)}{space}{unit}"


def _plain(value: float, decimals: int | None) -> str:
    if decimals is not None:
        return f"{value:.{decimals}f}"
    size = abs(value)
    if size >= 100 or value == round(value):
        return f"{value:.0f}"
    if size >= 0.01:
        return f"{value:.{2 if size >= 1 else 3}f}".rstrip("0").rstrip(".")
    return f"{value:.2g}"
