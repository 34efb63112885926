"""Asks `python -m budget verdict` whether each SLO held under the load: a process of its own, as nothing is shared."""

import json
import subprocess
import sys
from typing import Any

from synthetics.child import ROOT

TIMEOUT_SECONDS = 60.0
# A run may be a minute long: counted in steps of fifteen seconds it would be four of them.
STEP = "5s"
# What it ends with where it has come to a verdict: every SLO held, one did not, there are no data.
COMMAND = (sys.executable, "-m", "budget", "verdict")
ENDS = (0, 1, 4)
PASS, FAIL, NO_DATA = "pass", "fail", "no data"


class NoVerdict(Exception):
    """Nobody can say whether the SLOs held; the message says why."""


def ask(prometheus: str, begin: float, end: float, traffic: str, *, command: tuple[str, ...] = COMMAND) -> Any:
    """The verdict on the SLOs from *begin* to *end* (Unix seconds), by requests of the class *traffic*.

    Raises:  NoVerdict.
    """
    times = ("--from", f"{begin:.0f}", "--to", f"{end:.0f}")
    line = [*command, *times, "--traffic", traffic, "--json", "--step", STEP, "--prometheus", prometheus]
    try:
        run = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoVerdict(f"no verdict: budget verdict did not end ({type(error).__name__})") from error
    if run.returncode not in ENDS:
        why = _last(run.stderr) or "it said nothing"
        raise NoVerdict(f"no verdict: budget verdict ended with {run.returncode}: {why}")
    try:
        found = json.loads(run.stdout)
        if found["verdict"] not in (PASS, FAIL, NO_DATA) or not isinstance(found["slos"], list):
            raise ValueError
    except (ValueError, KeyError, TypeError) as error:
        raise NoVerdict(f"no verdict: budget verdict printed none: {_last(run.stderr)}") from error
    return found


def _last(text: str) -> str:
    """The last line of *text*, which says what went wrong."""
    return (text.strip().splitlines() or [""])[-1][:300]
