"""How long Alertmanager waits before it tells of the first alert of a group: read from its configuration. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from budget import series_selector
from slo import windows

DEFAULT_WAIT_SECONDS = 30.0
_MATCHER = re.compile(r'\s*([^=!~\s]+)\s*(=~|!~|!=|=)\s*"?((?:[^"\\]|\\.)*)"?\s*')


def wait_seconds(config: Mapping[str, Any], labels: Mapping[str, str], *, receiver: str) -> float | None:
    """group_wait of the shortest way on which an alert with these labels gets to a receiver whose name *receiver*
    is found in; None where none does.

    Source of the rules: https://prometheus.io/docs/alerting/latest/configuration/#route
    """
    waits = [wait for name, wait in _ways(config["route"], labels, DEFAULT_WAIT_SECONDS) if re.search(receiver, name)]
    return min(waits, default=None)


def _ways(route: Mapping[str, Any], labels: Mapping[str, str], wait: float) -> list[tuple[str, float]]:
    """(receiver, group_wait) of each route that takes the alert: the deepest ones, the first unless it goes on."""
    wait = _seconds(route.get("group_wait"), wait)
    found: list[tuple[str, float]] = []
    for each in route.get("routes") or ():
        child = {"receiver": route.get("receiver", ""), **each}
        if all(_fits(text, labels) for text in child.get("matchers") or ()):
            found += _ways(child, labels, wait)
            if not child.get("continue"):
                return found
    return found or [(route.get("receiver", ""), wait)]


def _fits(text: str, labels: Mapping[str, str]) -> bool:
    found = _MATCHER.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no matcher")
    name, operator, wanted = found[1], found[2], re.sub(r"\\(.)", r"\1", found[3])
    return series_selector.fits(operator, wanted, labels.get(name, ""))


def _seconds(text: str | None, otherwise: float) -> float:
    return otherwise if text is None else float(windows.read_seconds(text))
