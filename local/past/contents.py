"""Everything that stands in one piece of the past, at its times: what rules recorded, raw counters, and the marker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from local.past.blocks import Written
from local.past.draw import Series
from local.past.timeline import MINUTE, SLICE_SECONDS, Piece

# Marks the seeded range wherever figures are shown: each sample's value is its own time.
MARKER = "tillwatch_history_seeded_timestamp_seconds"


def of(
    piece: Piece,
    step: int,
    past: Sequence[Sequence[Written]],
    answered: Sequence[Written],
    drawn: Sequence[Series],
    first: int,
) -> Iterator[Written]:
    """Every series of *piece*, at its times: *past* since the *first* slice; *answered* and *drawn*, since its own."""
    since_first = _places(piece, first * SLICE_SECONDS, step)
    since_slice = _places(piece, piece.slice * SLICE_SECONDS, step)
    for records in past:
        for each in records:
            yield Written(each.name, each.labels, each.values[since_first])
    for each in answered:
        yield Written(each.name, each.labels, each.values[since_slice])
    if piece.raw:
        for series in drawn:
            labels = tuple(sorted((*series.labels, *_target(series.job))))
            yield Written(series.name, labels, np.cumsum(series.growth)[since_slice])
        for job in sorted({series.job for series in drawn}):
            yield Written("up", _target(job), np.ones(len(range(piece.start, piece.end, step))))
    # At even minutes, whatever the others' step: the marker is the same everywhere.
    yield Written(MARKER, (), np.arange(piece.start, piece.end, step, dtype=np.float64))


def _places(piece: Piece, origin: int, step: int) -> slice:
    return slice((piece.start - origin) // MINUTE, (piece.end - 1 - origin) // MINUTE + 1, step // MINUTE)


def _target(job: str) -> tuple[tuple[str, str], ...]:
    """What Prometheus adds: this machine's has the process's name for its instance."""
    return (("instance", job), ("job", job))
