"""How the past is cut: slices of 54 hours, whose counters begin at 0, and pieces of 6 or 54 that become blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3_600, 86_400
# Both are ranges that promtool makes one block of.
SLICE_SECONDS = 54 * HOUR
PIECE_SECONDS = 6 * HOUR
SLICE_MINUTES = SLICE_SECONDS // MINUTE
PAST_SECONDS = 35 * DAY
# So long back there are raw series beside the recorded ones, and both each minute.
RAW_SECONDS = 4 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What becomes one block: from *start* on, before *end*, in Unix seconds. *raw*: with raw series, each minute."""

    start: int
    end: int
    raw: bool

    @property
    def name(self) -> str:
        """A folder's name for it."""
        return f"{self.start}-{self.end}"

    @property
    def slice(self) -> int:
        """Number of the slice that it lies in."""
        return self.start // SLICE_SECONDS


def first_slice(now: float) -> int:
    """Number of the slice in which a past that ends *now* begins."""
    return int(now - PAST_SECONDS) // SLICE_SECONDS


def pieces(now: float) -> Iterator[Piece]:
    """The pieces of the past that ends with the last full minute before *now*, in order; the last one is unfinished."""
    end = int(now) // MINUTE * MINUTE + 1  # that minute's own sample included
    for number in range(first_slice(now), end // SLICE_SECONDS + 1):
        start = number * SLICE_SECONDS
        if start + SLICE_SECONDS <= now - RAW_SECONDS:
            yield Piece(start=start, end=start + SLICE_SECONDS, raw=False)
            continue
        for begin in range(start, min(start + SLICE_SECONDS, end), PIECE_SECONDS):
            yield Piece(start=begin, end=min(begin + PIECE_SECONDS, end), raw=True)


def is_whole(piece: Piece) -> bool:
    """Whether it will stay as it is."""
    return piece.end % PIECE_SECONDS == 0
