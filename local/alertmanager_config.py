"""This machine's Alertmanager configuration: the generated one, pointed at the PagerDuty stand-in."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEY_FILE = "routing_key_file"


def localised(generated: dict[str, Any], *, pagerduty_url: str, keys: Path) -> dict[str, Any]:
    """*generated* with two differences: where PagerDuty is, and where its routing keys lie.

    A key file keeps the last two parts of its path, `<team>/routing_key`, under *keys*.
    """
    local = copy.deepcopy(generated)
    local["global"] = {**(local.get("global") or {}), "pagerduty_url": pagerduty_url}
    for receiver in _pagerduty_receivers(local):
        receiver[KEY_FILE] = str(keys.joinpath(*Path(receiver[KEY_FILE]).parts[-2:]))
    return local


def key_files(config: dict[str, Any]) -> tuple[Path, ...]:
    """Every routing key file that *config* reads."""
    return tuple(sorted({Path(receiver[KEY_FILE]) for receiver in _pagerduty_receivers(config)}))


def _pagerduty_receivers(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for receiver in config.get("receivers") or ():
        for pagerduty in receiver.get("pagerduty_configs") or ():
            if KEY_FILE in pagerduty:
                yield pagerduty
