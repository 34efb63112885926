"""Writes series as OpenMetrics text, and has promtool make a block of it."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import TextIO

from local.errors import StartFailed
from local.past.draw import Floats, Labels
from local.past.timeline import HOUR, SLICE_SECONDS
from local.server import bound, program
from slo import promql

PROMTOOL_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Written:
    """One series as it stands in a block: a value for each of the block's times, NaN where it has none."""

    name: str
    labels: Labels
    values: Floats


def write(file: TextIO, series: Iterable[Written], times: Sequence[int]) -> None:
    """Write *series* at *times*, Unix seconds in order; where a value is NaN there was none."""
    stamps = [f" {time}\n" for time in times]
    for each in series:
        labels = ",".join(f"{name}={promql.quote(value)}" for name, value in each.labels)
        prefix = f"{each.name}{{{labels}}} " if labels else f"{each.name} "
        values = zip(each.values.tolist(), stamps, strict=True)
        file.write("".join([f"{prefix}{value!r}{stamp}" for value, stamp in values if not isnan(value)]))
    file.write("# EOF\n")


def make(text: Path, folder: Path) -> None:
    """Make the block of *text*, whose samples lie within 54 hours of the clock, inside *folder*.

    Raises:  Refused: there is no promtool.  StartFailed: it did not do it.
    """
    most = f"--max-block-duration={SLICE_SECONDS // HOUR}h"
    command = (program("promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", most, text, folder)
    done = subprocess.run(
        bound(command, ends_by=signal.SIGKILL),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=PROMTOOL_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StartFailed(f"promtool made no block of {text}: {(done.stderr or done.stdout).strip()}")
