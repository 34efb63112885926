"""Does to a running platform what a drill says, and takes it back: faults of services, signals, jobs, an attack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from budget.drill_spec import Break
from local import faults, part_processes
from local.drill_platform import DrillPlatform
from local.errors import DrillFailed, LocalError
from local.shop_parts import JOBS

RUN, GUESS_PASSWORDS = "run", "guess-passwords"
Undo = Callable[[], None]


def strike(platform: DrillPlatform, what: Break) -> Undo:
    """Do *what*; returns what takes it back.

    Raises:  LocalError: it was refused.
    """
    settings = platform.settings
    if what.fault in part_processes.SIGNALS:
        part_processes.strike(settings, what.target, what.fault)
        if what.fault == part_processes.KILL:  # it starts again by itself
            return _nothing
        return lambda: part_processes.go_on(settings, what.target)
    if what.fault == RUN:
        _run_job(platform, what.target)
        return _nothing
    if what.fault == GUESS_PASSWORDS:
        return _attack(platform, what.body)
    faults.break_service(settings, what.target, what.body)
    return lambda: faults.mend_service(settings, what.target)


def mend(undone: list[Undo]) -> None:
    """Take everything back, the last first; what cannot be taken back any more hinders nothing else.

    Raises:  DrillFailed: with everything that was not.
    """
    failed = []
    while undone:
        try:
            undone.pop()()
        except LocalError as error:
            failed.append(str(error))
    if failed:
        raise DrillFailed("; ".join(failed))


def _nothing() -> None:
    """There is nothing to take back."""


def _run_job(platform: DrillPlatform, name: str) -> None:
    if name not in JOBS:
        raise DrillFailed(f"{name} is no job: there are {', '.join(JOBS)}")
    try:
        done = platform.run("local", "job", name)
    except subprocess.TimeoutExpired as error:
        raise DrillFailed(f"{name} did not end within {error.timeout:g} s") from error
    # 1 is also what finds something, as it is to; that says on stdout what. A job that breaks does not.
    if done.returncode not in (0, 1) or (done.returncode == 1 and not done.stdout.strip()):
        raise DrillFailed(f"{name}: exit code {done.returncode}: {done.stderr[-400:]}")


def _attack(platform: DrillPlatform, body: Mapping[str, Any]) -> Undo:
    command = [sys.executable, "-m", "local.attack", "--host", platform.settings.url("front-door")]
    for name in ("per_second", "addresses", "seconds"):
        if name in body:
            command += [f"--{name.replace('_', '-')}", str(body[name])]
    process = platform.start(command, platform.settings.logs / "attack.log")

    def end() -> None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    return end
