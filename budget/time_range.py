"""The range of a run: from when to when, read from a command line and cut into equal steps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime

from slo import windows

LONGEST_STEP_SECONDS = 60.0  # the rules' shortest window, of 5 minutes, needs a few
MOST_STEPS = 5760  # a day in steps of 15 s: what a server answers within seconds
CLOCKS_DIFFER_SECONDS = 5.0
_FORMS = "expected a time such as 2026-11-28T14:00:00Z, Unix seconds, or -5m for five minutes ago"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Moments at equal distances: `start`, and `steps` more, the last of them the end (Unix seconds)."""

    start: float
    step_seconds: float
    steps: int

    @property
    def end(self) -> float:
        """The last moment."""
        return self.start + self.steps * self.step_seconds

    def place(self, at: float) -> int:
        """Which moment *at* is: 0 the start."""
        return round((at - self.start) / self.step_seconds)


def moment(text: str, now: float) -> float:
    """The Unix time that *text* means: RFC 3339, Unix seconds, or so long before *now* (-5m, -1h30m, now).

    Raises:  ValueError: none of these, or before 1970.
    """
    found = now if text == "now" else _read(text, now)
    if found < 0:
        raise ValueError(f"{text!r} is before 1970: {_FORMS}")
    return found


def _read(text: str, now: float) -> float:
    if text.startswith("-"):
        try:
            return now - windows.read_seconds(text[1:])
        except (ValueError, OverflowError):
            raise ValueError(f"{text!r} is no time: {_FORMS}") from None
    try:
        found = float(text)
    except ValueError:
        return _rfc3339(text)
    if not math.isfinite(found):
        raise ValueError(f"{text!r} is no time: {_FORMS}")
    return found


def _rfc3339(text: str) -> float:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is no time: {_FORMS}") from None
    if found.tzinfo is None:
        raise ValueError(f"{text!r} names no zone: end it with Z, or with +02:00")
    return found.timestamp()


def step(text: str) -> float:
    """The seconds of a step such as 15s.

    Raises:  ValueError: no duration, or none that the rules' windows can be counted with.
    """
    try:
        seconds = float(windows.read_seconds(text if not text.isdigit() else f"{text}s"))
    except ValueError:
        seconds = 0.0
    if not 1 <= seconds <= LONGEST_STEP_SECONDS:
        raise ValueError(f"{text!r} is no step: expected 1s to {LONGEST_STEP_SECONDS:.0f}s")
    return seconds


def grid(start: float, end: float, *, step_seconds: float, now: float) -> Grid:
    """The range in equal steps, none longer than *step_seconds*: whole milliseconds, so that the last may end a few
    milliseconds late.

    Raises:  ValueError: a range that is reversed, in the future, too short or too long; it says what to do.
    """
    if end > now + CLOCKS_DIFFER_SECONDS:
        raise ValueError(f"--to is in the future: {spelt(end)}, and it is {spelt(now)}")
    if start >= end:
        raise ValueError(f"--from is not before --to: {spelt(start)} to {spelt(end)}")
    if end - start < 1:
        raise ValueError(f"the range is shorter than a second: {spelt(start)} to {spelt(end)}")
    steps = math.ceil(round(end - start, 3) / step_seconds)
    if steps > MOST_STEPS:
        raise ValueError(_too_long(end - start, step_seconds))
    return Grid(start=start, step_seconds=math.ceil(round((end - start) * 1000) / steps) / 1000, steps=steps)


def _too_long(seconds: float, step_seconds: float) -> str:
    enough = math.ceil(seconds / MOST_STEPS)
    advice = f"give --step {enough}s" if enough <= LONGEST_STEP_SECONDS else "judge it in parts"
    held = f"{MOST_STEPS:,d} steps of {step_seconds:g}s"
    return f"the range is too long: {windows.spell(math.ceil(seconds))} is more than {held}: {advice}"


def spelt(seconds: float) -> str:
    """A moment as RFC 3339, with milliseconds where it has some."""
    try:
        found = datetime.fromtimestamp(round(seconds, 3), UTC)
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"
    return found.isoformat(timespec="milliseconds" if found.microsecond else "seconds").replace("+00:00", "Z")
