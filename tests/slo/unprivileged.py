"""Runs programs without the rights that root has beyond others: a file without read permission is then unreadable."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence


def run(command: Sequence[str | os.PathLike[str]]) -> subprocess.CompletedProcess[str]:
    """The command's outcome, as text."""
    drop = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
    return subprocess.run([*drop, *command], capture_output=True, text=True, check=False, encoding="utf-8")
