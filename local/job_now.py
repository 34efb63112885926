"""Runs a scheduled job of a running platform at once, with what its service is started with."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from local import configuration, lock, shop_parts
from local.choice import Choice
from local.errors import NotRunning, Refused
from local.settings import ROOT, Settings
from local.shop import service_of


def run(settings: Settings, name: str, more: Sequence[str] = ()) -> int:
    """Run the job called *name*, with *more* arguments than by the clock, to its end; its exit code.

    Raises:  NotRunning: no platform.  Refused: no such job, or a platform whose databases are elsewhere.
    """
    if name not in shop_parts.JOBS:
        raise Refused(f"{name} is no job: there are {', '.join(shop_parts.JOBS)}")
    if not lock.is_held(settings.lock):
        raise NotRunning("no platform is running: start it with make demo")
    service = service_of(name)
    if not (settings.data / f"{service}.db").exists():
        raise Refused(f"{service} keeps its data elsewhere: only a platform with SQLite files runs a job by hand")
    secrets = configuration.kept_secrets(settings) | {"FAULT_TOKEN": ""}
    plan = shop_parts.processes(settings, Choice(), secrets=secrets, extra={})
    module, *arguments = shop_parts.JOBS[name][0]
    environment = {**os.environ, **plan.environment(service)}
    return subprocess.run(
        [sys.executable, "-m", module, *arguments, *more], cwd=ROOT, env=environment, check=False
    ).returncode
