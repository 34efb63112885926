"""How the page says times, lengths and shares."""

from __future__ import annotations

from datetime import UTC, datetime

from slo import windows

NOT_KNOWN = "not known"


def clock(seconds: float) -> str:
    """A moment of today: 17:40:12."""
    return _utc(seconds).strftime("%H:%M:%S")


def minute(seconds: float) -> str:
    """A moment of today to its minute: 17:40."""
    return _utc(seconds).strftime("%H:%M")


def day(seconds: float) -> str:
    """A moment of any day: 28 Nov 17:40."""
    return _utc(seconds).strftime("%-d %b %H:%M")


def moment(seconds: float, now: float) -> str:
    """A moment that may be of another day than *now*, which it then names."""
    return clock(seconds) if _utc(seconds).date() == _utc(now).date() else day(seconds)


def iso(seconds: float) -> str:
    """A moment for programs."""
    return _utc(seconds).isoformat(timespec="seconds").replace("+00:00", "Z")


def lasting(seconds: float) -> str:
    """A length in its two largest units: 45 s, 1 min 45 s, 15 min, 2 h 5 min, 4 d 1 h."""
    rest, parts = max(0, round(seconds)), list[str]()
    for unit, size in (("d", windows.DAY), ("h", windows.HOUR), ("min", windows.MINUTE), ("s", 1)):
        count, rest = divmod(rest, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2])) or "0 s"


def percent(share: float | None) -> str:
    """A share with one digit; never -0.0%."""
    return NOT_KNOWN if share is None else f"{share + 0.0:.1%}".replace("-0.0%", "0.0%")


def count(number: float | None) -> str:
    """Whole things."""
    return NOT_KNOWN if number is None else f"{round(number):,d}"


def plural(number: int, word: str) -> str:
    """1 page, 2 pages."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
