"""This machine's Alertmanager configuration: the generated one, pointed at the PagerDuty stand-in.

Who is told, when, and of what stays as it is generated, but for what this machine has nobody for:

- Slack: a team's tickets open incidents at the stand-in, with a low urgency, as those of a team without a channel do.
- Working hours: somebody who tries the platform at night wants to see its tickets. And the stand-in would never hear
  of the end of one that ended outside the hours.
- Mail, and who waits for the sign of life outside: there is neither, and nothing is sent.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEY_FILE = "routing_key_file"
PAGERDUTY, SLACK = "pagerduty_configs", "slack_configs"
NOT_HERE = ("email_configs", "webhook_configs")
HOURS = ("active_time_intervals", "mute_time_intervals")
TICKET = "warning"


def localised(generated: dict[str, Any], *, pagerduty_url: str, keys: Path) -> dict[str, Any]:
    """*generated* as this machine can run it.

    A key file keeps the last two parts of its path, `<team>/routing_key`, under *keys*.
    """
    local = copy.deepcopy(generated)
    local["global"] = {**(local.get("global") or {}), "pagerduty_url": pagerduty_url}
    local.pop("time_intervals", None)
    _drop_hours(local.get("route") or {})
    pages = {_owner(receiver[KEY_FILE]): receiver for receiver in _pagerduty_receivers(local)}
    for receiver in local.get("receivers") or ():
        for kind in NOT_HERE:
            receiver.pop(kind, None)
        if slack := receiver.pop(SLACK, None):
            tickets = [{**pages[_owner(each["api_url_file"])], "severity": TICKET} for each in slack]
            receiver[PAGERDUTY] = [*receiver.get(PAGERDUTY, ()), *tickets]
    for receiver in _pagerduty_receivers(local):
        receiver[KEY_FILE] = str(keys.joinpath(*Path(receiver[KEY_FILE]).parts[-2:]))
    return local


def key_files(config: dict[str, Any]) -> tuple[Path, ...]:
    """Every routing key file that *config* reads."""
    return tuple(sorted({Path(receiver[KEY_FILE]) for receiver in _pagerduty_receivers(config)}))


def _owner(file: str) -> str:
    """Whose secret *file* is: the name of its folder."""
    return Path(file).parent.name


def _drop_hours(route: dict[str, Any]) -> None:
    for name in HOURS:
        route.pop(name, None)
    for child in route.get("routes") or ():
        _drop_hours(child)


def _pagerduty_receivers(config: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for receiver in config.get("receivers") or ():
        for pagerduty in receiver.get(PAGERDUTY) or ():
            if KEY_FILE in pagerduty:
                yield pagerduty
