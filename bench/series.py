"""Writes series as OpenMetrics text and turns them into blocks that Prometheus reads."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from bench.errors import ProgramFailed
from bench.grid import Grid, Series
from bench.programs import program

# Blocks start at whole multiples of their length, and promtool reads its input once for each block: 1,458 hours is
# its first size that holds a month, so that everything goes into one.
BLOCK_SECONDS = 1458 * 3600
END_SECONDS = BLOCK_SECONDS * 330
"""Where all data ends: a date in 2024 at which a block ends as well."""


def blocks(lines: Iterable[str], folder: Path) -> Path:
    """Make a storage folder in *folder* that holds *lines* of OpenMetrics text.

    Raises:  ProgramFailed: promtool does not take them.
    """
    text, data = folder / "series.txt", folder / "data"
    with text.open("w", encoding="utf-8") as file:
        file.writelines(lines)
        file.write("# EOF\n")
    command = [
        program("promtool3"),
        "tsdb",
        "create-blocks-from",
        f"--max-block-duration={BLOCK_SECONDS}s",
        "--quiet",
        "openmetrics",
        str(text),
        str(data),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text.unlink()
    if done.returncode:
        raise ProgramFailed(f"promtool made no blocks: {done.stderr[-2000:]}")
    return data


def counter(name: str, grid: Grid, per_scrape: int) -> Iterator[str]:
    """A steady counter, scraped at each moment of *grid*."""
    times = _stamps(grid)
    yield "".join(f"{name} {value * per_scrape} {at}\n" for value, at in enumerate(times))


def recorded(name: str, series: Series, shift_seconds: int) -> Iterator[str]:
    """The samples of a simulated record, moved by *shift_seconds*."""
    kept = np.flatnonzero(series.present)
    grid = series.grid
    for index in kept.tolist():
        at = (grid.start + grid.step * index) // 1000 + shift_seconds
        yield f"{name} {float(series.values[index])!r} {at}\n"


_known_stamps: dict[Grid, list[str]] = {}


def _stamps(grid: Grid) -> list[str]:
    """The times of *grid* as text; a thousand counters share them."""
    if grid not in _known_stamps:
        _known_stamps.clear()
        _known_stamps[grid] = [f"{at / 1000:.3f}" for at in grid.times.tolist()]
    return _known_stamps[grid]
