"""Runs Locust as a child for shoppers who come as on an ordinary day, until they are stopped: the platform's own."""

import os
from dataclasses import dataclass
from pathlib import Path

from synthetics import child
from synthetics.claim import Traffic
from synthetics.keys import Keys

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
AT_ONCE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class DayPlan:
    """The visits of the day in the file *shape*, *scale* times as many, at most *at_once* of them under way.

    seconds:  None: until it is stopped, or whoever started it is gone.
    """

    host: str
    shape: Path
    seconds: int | None = None
    scale: float = 1.0
    at_once: int = AT_ONCE
    traffic: Traffic = Traffic.USER
    keys: Keys | None = None


def command(plan: DayPlan) -> list[str]:
    """What Python is started with for *plan*."""
    return [
        *("-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary", "--host", plan.host),
        *(() if plan.seconds is None else ("--run-time", f"{plan.seconds}s")),
        *("--parent-pid", str(os.getpid()), "--traffic", plan.traffic.value),
        *("--shape-file", str(plan.shape.absolute()), "--scale", f"{plan.scale:.9f}", "--at-once", str(plan.at_once)),
        *("--users", "1", "Crowd"),
    ]


def run(plan: DayPlan) -> int:
    """Run *plan* to its end or to Ctrl-C.

    Returns: 0 when every step passed, 1 when one failed or none was made, 128 + n after signal n.
    """
    more = plan.keys.environment() if plan.keys else {}
    code = child.run(command(plan), outlives_parent=plan.seconds is not None, environment=more)
    return code if code > 128 else min(code, 1)
