"""Grafana's name for each unit that specs and alerts are written in."""

from __future__ import annotations

_NAMES = {
    "ratio": "percentunit",
    "seconds": "s",
    "bytes": "bytes",
    "requests/s": "reqps",
    "logins/s": "suffix: logins/s",
    "boolean": "short",
}


def grafana(unit: str) -> str:
    """*unit* as Grafana calls it; what it does not know stands behind the number as it is."""
    if unit in _NAMES:
        return _NAMES[unit]
    # "state (1 half open, 2 open)": what is in brackets is for a sentence, not for an axis.
    return f"suffix: {unit.partition(' (')[0]}"
