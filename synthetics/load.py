"""Runs Locust without its pages as a child process, within bounds, and leaves nothing behind."""

import ipaddress
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
# Locust gives up on answers that are waited for and prints its tables, which takes a fraction of this.
STOP_SECONDS = 1.5
AT_ONCE = 50
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SECONDS = {"s": 1, "min": 60, "h": 3600}


class UsageError(Exception):
    """An option that cannot be used; the message says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How much load, on whom, for how long: *users* who walk *journey*, or the visits of a shape.

    seconds:  None: until it is stopped, or whoever started it is gone.
    rate:     requests per second of all users; None: think times.
    shape:    the file of the shape; None: users. scale: its factor. at_once: visits under way at one time, at most.
    """

    host: str
    users: int = 1
    seconds: int | None = None
    rate: float | None = None
    journey: str = "catalog"
    shape: Path | None = None
    scale: float = 1.0
    at_once: int = AT_ONCE


def parse_rate(text: str) -> float:
    """Requests per second of "2/s", "90/min" or "600/h".

    Raises:  UsageError: any other form, or nothing per time.
    """
    match = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?)/(s|min|h)", text, re.ASCII)
    if match is None or float(match[1]) == 0:
        raise UsageError(f"{text!r} is not a rate: expected a number > 0 per s, min or h, like 2/s or 600/h")
    return float(match[1]) / _SECONDS[match[2]]


def check_host(url: str, allowed: tuple[str, ...]) -> str:
    """*url* without a trailing slash, if load may be sent there: to this machine, or to a host in *allowed*.

    Raises:  UsageError: another host, or no plain http(s) address.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not an address: {error}") from error
    plain = parts.scheme in ("http", "https") and parts.path in ("", "/") and port != 0
    if not plain or not host or parts.query or parts.fragment or "@" in parts.netloc:
        raise UsageError(f"{url!r} is not of the form http://HOST:PORT")
    if host not in allowed and not _is_loopback(host):
        raise UsageError(
            f"{host} is not this machine: load goes to loopback addresses alone, or to a host that you name "
            f"with --allow-host {host}"
        )
    return url.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def command(plan: LoadPlan) -> list[str]:
    """The Locust command line of *plan*."""
    how = _regulars(plan) if plan.shape is None else _crowd(plan, plan.shape)
    return [
        *(sys.executable, "-m", "locust", "-f", str(Path(__file__).with_name("locustfile.py"))),
        *("--headless", "--only-summary", "--host", plan.host),
        *(() if plan.seconds is None else ("--run-time", f"{plan.seconds}s")),
        *("--parent-pid", str(os.getpid()), *how),
    ]


def _regulars(plan: LoadPlan) -> tuple[str, ...]:
    # All users at once: the rate, not their arrival, is what bounds the load.
    users = ("--users", str(plan.users), "--spawn-rate", str(plan.users))
    return ("--journey", plan.journey, "--request-rate", f"{plan.rate or 0:.9f}", *users, "Regulars")


def _crowd(plan: LoadPlan, shape: Path) -> tuple[str, ...]:
    bounds = ("--scale", f"{plan.scale:.9f}", "--at-once", str(plan.at_once))
    return ("--shape-file", str(shape.absolute()), *bounds, "--users", "1", "Crowd")


def run(plan: LoadPlan) -> int:
    """Run *plan* to its end or to Ctrl-C.

    Returns: 0 when every step passed, 1 when one failed or none was made, 128 + n after signal n.
    """
    stopped_by: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped_by.append(signum)

    # Before the child exists: a signal between its start and ours would leave it alone in the world.
    before = {signum: signal.signal(signum, stop) for signum in STOP_SIGNALS}
    try:
        code = _run_child(plan, stopped_by)
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    return 128 + stopped_by[0] if stopped_by else min(code, 1)


def _run_child(plan: LoadPlan, stopped_by: list[int]) -> int:
    """Run Locust until it ends or *stopped_by* names a signal; its exit code."""
    parent = os.getppid()
    # What others configured for their own Locust runs must not change ours.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), environment.get("PYTHONPATH"))))
    # A session of its own: a terminal's Ctrl-C then reaches only us, and the child is stopped in order.
    with subprocess.Popen(
        command(plan), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, start_new_session=True
    ) as child:
        try:
            # A run without an end has nobody left to end it once whoever started it is gone.
            while child.poll() is None and not stopped_by and (plan.seconds or os.getppid() == parent):
                time.sleep(0.1)
            child.terminate()
            return child.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            return 1
        finally:
            child.kill()
