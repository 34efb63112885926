"""Times and addresses as the page of incidents says them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any


def clock_time(at: str) -> str:
    """The ISO time *at* to the second: `2026-03-01 12:00:00`."""
    return at[:19].replace("T", " ")


def ago(at: str, now: datetime) -> str:
    """How long the ISO time *at* has passed."""
    return _said(now - datetime.fromisoformat(at))


def lasted(since: str, until: str) -> str:
    """How long it was from one ISO time to the other."""
    return _said(datetime.fromisoformat(until) - datetime.fromisoformat(since))


def is_web(address: Any) -> bool:
    """Whether *address* may be a link: `javascript:` and the like stay text."""
    return isinstance(address, str) and address.startswith(("http://", "https://"))


def _said(passed: timedelta) -> str:
    """The two largest units: `45 s`, `3 min 20 s`, `2 h 5 min`, `4 d 1 h`."""
    seconds = max(0, int(passed.total_seconds()))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
