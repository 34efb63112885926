"""What one run of a program costs, measured in a process of its own that never outlives the bench."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.errors import ProgramFailed

CHILD = Path(__file__).with_name("child.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU (user and system) and wall time in seconds, peak resident memory in MiB."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


def cost(command: Sequence[str], folder: Path | None = None) -> Cost:
    """Run *command* in *folder* and measure it.

    Raises:  ProgramFailed: it ended with another code than 0.
    """
    with subprocess.Popen(
        [sys.executable, "-SI", str(CHILD), *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            figures, said = process.communicate()
        except BaseException:  # Ctrl-C as well: the command and whatever it started go with us
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        raise ProgramFailed(f"{' '.join(command)} ended with {process.returncode}:\n{said[-2000:]}")
    return Cost(**json.loads(figures.splitlines()[-1]))
