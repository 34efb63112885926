"""Reads working hours: time zones, weekdays, spans of a day, holidays. Raises ValueError with what was expected."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import Any
from zoneinfo import available_timezones

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")  # Alertmanager's order
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(24:00|([01][0-9]|2[0-3]):[0-5][0-9])")


def time_zone(name: str) -> str:
    """An IANA name, or UTC."""
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone; expected a name such as Europe/Berlin or UTC")
    return name


def weekdays(text: str) -> str:
    """One day, or a range within a week from Sunday to Saturday, as Alertmanager has it."""
    days = text.split(":")
    if len(days) > 2 or not set(days) <= set(WEEKDAYS):
        raise ValueError(f"{text!r} is not a weekday or a range of them; expected monday or monday:friday")
    if len(days) == 2 and WEEKDAYS.index(days[0]) >= WEEKDAYS.index(days[1]):
        raise ValueError(f"{text!r} runs over the end of a week, which begins on sunday; write two ranges")
    return text


def span(value: Any) -> tuple[str, str]:
    """("09:00", "17:00") of "09:00-17:00"."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    start, end = value.split("-") if found else ("", "")
    if not start < end:
        raise ValueError(f"{value!r} is not a span of a day; expected 09:00-17:00, its end after its start")
    return start, end


def day(value: Any) -> date:
    """A date, 2026-12-25."""
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{value!r} is not a day; expected 2026-12-25") from None


def without_overlap(value: Any) -> Any:
    """Hours whose weekdays and spans do not overlap; what cannot be read is left to the shape."""
    if not isinstance(value, dict):
        return value
    times, days = value.get("times"), value.get("weekdays")
    if isinstance(times, list) and all(isinstance(one, str) and _SPAN.fullmatch(one) for one in times):
        for one, other in pairwise(sorted(times)):
            if other.split("-")[0] < one.split("-")[1]:
                raise ValueError(f"the times {one} and {other} overlap; make one span of them")
    if isinstance(days, list) and all(isinstance(one, str) and set(one.split(":")) <= set(WEEKDAYS) for one in days):
        seen: dict[str, str] = {}
        for text in days:
            for name in _days(text):
                if name in seen:
                    raise ValueError(f"the weekdays {seen[name]} and {text} overlap in {name}; name it once")
                seen[name] = text
    return value


def _days(text: str) -> tuple[str, ...]:
    first, _, last = text.partition(":")
    return WEEKDAYS[WEEKDAYS.index(first) : WEEKDAYS.index(last or first) + 1]
