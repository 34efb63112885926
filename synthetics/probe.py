"""Runs the probes as a child process, within bounds: what they walk, how often, and where they are read."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from synthetics import child
from synthetics.host import UsageError

# Four fifths of a turn for its steps, and all but a twelfth with what clears up behind them: of a minute 48 s and 55 s.
STEPS_SHARE, VISIT_SHARE = 4 / 5, 11 / 12
MIN_EVERY_SECONDS, MAX_EVERY_SECONDS = 1.0, 3600.0
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """Which *journeys* are walked at *host*, each once in *every_seconds*, or once in all.

    metrics_host, metrics_port: where Prometheus reads what came of it. location: where the probes are walked from.
    """

    host: str
    journeys: tuple[str, ...]
    every_seconds: float = 60.0
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 8089
    location: str = "local"
    once: bool = False


def parse_every(text: str) -> float:
    """Seconds of "60s", "1m".

    Raises:  UsageError: any other form, or out of bounds.
    """
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?)(s|m|h)", text, re.ASCII)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not MIN_EVERY_SECONDS <= seconds <= MAX_EVERY_SECONDS:
        raise UsageError(f"--every {text}: expected a time from 1s to 1h, like 60s")
    return seconds


def check_location(name: str) -> str:
    """*name*, if it can be a label's value that stays short.

    Raises:  UsageError.
    """
    if not _LOCATION.fullmatch(name):
        raise UsageError(f"--location {name!r}: expected lower-case letters, digits and hyphens, like eu-central-1a")
    return name


def command(plan: ProbePlan) -> list[str]:
    """What Python is started with for *plan*."""
    return [
        *("-m", "synthetics.probefile"),
        *("--host", plan.host, "--journeys", ",".join(plan.journeys), "--location", plan.location),
        *("--every-seconds", f"{plan.every_seconds:.3f}", "--parent-pid", str(os.getpid())),
        *(("--once",) if plan.once else ("--metrics", f"{plan.metrics_host}:{plan.metrics_port}")),
    ]


def run(
    plan: ProbePlan, *, environment: Mapping[str, str] | None = None, line: Callable[[str], None] | None = None
) -> int:
    """Walk *plan* until it is stopped, or once. *line*: told each line of JSON, which is printed otherwise.

    Returns: 0 when it ended by itself and every visit passed, 1 when one did not, 2 when its port is taken,
             128 + n after signal n.
    """
    return child.run(command(plan), environment=environment, line=line)
