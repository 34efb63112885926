"""Reads a history from a file: CSV rows of events, or OpenMetrics text with the counters that an SLO's queries read.

Every fault of a file is told, with its line. What comes out is a whole OpenMetrics file, which promtool reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from slo.errors import Fault, SpecErrors
from slo.windows import DAY, MINUTE

MOST_FAULTS = 20
"""That are told of one file: a wrong column would be one for each of its lines."""
LONGEST_DAYS = 400
_MOST_LINE = 65_536
_CLOCKS_DIFFER_SECONDS = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What a file held: its first and its last moment (Unix seconds), and which of it is marked as seeded."""

    first: float
    last: float
    seeded: tuple[float, float] | None = None


class Lines:
    """The lines of a file with their numbers, and the faults that are found in them."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.faults: list[Fault] = []

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Each line without its end; reading stops after so many faults, or where the file is no text."""
        number = 0
        try:
            with self._path.open(encoding="utf-8-sig", newline=None) as file:
                for number, line in enumerate(_bounded(file), start=1):
                    if len(line) > _MOST_LINE:
                        self.fault(number, f"the line is longer than {_MOST_LINE:,d} characters")
                        return
                    yield number, line.rstrip("\n")
                    if len(self.faults) >= MOST_FAULTS:
                        self.fault(number, f"and perhaps more: reading stopped after {MOST_FAULTS} faults")
                        return
        except UnicodeDecodeError:
            self.fault(number + 1, "from here on it is not UTF-8 text")
        except OSError as error:
            self.fault(0, f"cannot be read: {error.strerror}")

    def fault(self, line: int, message: str) -> None:
        """Note what is wrong; *line* 0 is the file as a whole."""
        self.faults.append(Fault(path=str(self._path), line=line, column=1 if line else 0, message=message))

    def end(self) -> None:
        """No more is read.

        Raises:  SpecErrors: with all that was found.
        """
        if self.faults:
            raise SpecErrors(tuple(self.faults))


def _bounded(file: TextIO) -> Iterator[str]:
    while line := file.readline(_MOST_LINE + 2):
        yield line


class Times:
    """Checks moments of a file against the clock and against one another."""

    def __init__(self, now: float) -> None:
        self._now = now
        self.first, self.last = float("inf"), float("-inf")

    def problem(self, at: float) -> str:
        """What is wrong with *at*; "" where nothing is, and it then counts."""
        if at < 0:
            return f"the time {at:g} is before 1970"
        if at > self._now + _CLOCKS_DIFFER_SECONDS:
            hint = "; in milliseconds? Seconds are expected" if at / 1000 <= self._now + DAY else ""
            return f"the time {at:.0f} is in the future{hint}"
        first, last = min(self.first, at), max(self.last, at)
        if last - first > LONGEST_DAYS * DAY:
            return f"the time {at:.0f} is more than {LONGEST_DAYS} days away from others"
        self.first, self.last = first, last
        return ""


def minute(at: float) -> float:
    """The start of the minute that *at* is in."""
    return at // MINUTE * MINUTE
