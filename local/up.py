"""`up`, `down` and `clean`: the platform from nothing to ready, kept running, and gone without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import time
from functools import partial
from pathlib import Path

from budget.prometheus import Prometheus
from local import configuration, lock, ops_parts, preflight, telemetry
from local.choice import Choice
from local.errors import NotStopping, Refused, StopRequested
from local.keeper import Keeper
from local.parts import platform
from local.screen import Screen
from local.settings import Settings
from local.signals import StopSignals
from local.supervisor import PAUSE_SECONDS, Supervisor
from local.warm_up import WarmUp
from tools.install import find

STOP_SECONDS = 8.0  # with what must then be killed and cleared away, all is gone within ten
DOWN_SECONDS = 20.0


def up(settings: Settings, choice: Choice, *, for_seconds: float | None, quiet: bool = False) -> None:
    """Run *choice* until somebody asks to stop, or for *for_seconds* from ready. *quiet*: without the SLOs' table.

    Raises:  AlreadyRunning, Refused: nothing was started.  StartFailed: everything is stopped again.
    """
    signals = StopSignals()
    with lock.held(settings.lock) as file, signals.caught():
        takers = telemetry.choose(settings, os.environ, programs=_takers(choice))
        binaries = preflight.check(settings, choice, more_ports=takers.ports if choice.whole else ())
        fresh = choice.whole and not settings.prometheus_data.exists()
        placing = fresh and choice.history
        secrets = configuration.write(settings, choice, warm_up=fresh and not placing)
        if choice.whole:
            takers.prepare()
        shows = choice.whole and not quiet
        screen = Screen(Prometheus(settings.url("prometheus"), timeout_seconds=2.0) if shows else None)
        keeper = Keeper(lock=file)
        supervisor = Supervisor(
            logs=settings.logs, environment=keeper.environment(), say=screen.say, stopping=signals.asked
        )
        try:
            began = time.monotonic()
            screen.say("platform", _first_words(settings, fresh=fresh, placing=placing))
            supervisor.start(
                *platform(settings, choice, binaries=binaries, secrets=secrets, telemetry=takers, placing=placing)
            )
            took = time.monotonic() - began
            screen.say("platform", f"ready after {took:.1f} s: logs in {settings.logs}, Ctrl-C stops it")
            if choice.whole:
                token = "python -m local ops-token prints what lets you act there"
                screen.say(ops_parts.NAME, f"{settings.url(ops_parts.NAME)}/ops shows it all; {token}")
            warm_up = WarmUp(settings, reload=partial(supervisor.reload, "prometheus")) if fresh else None
            _attend(supervisor, warm_up, screen, signals, for_seconds=for_seconds)
        except StopRequested:
            pass
        finally:
            supervisor.stop(within_seconds=STOP_SECONDS, hasty=signals.insisted)
            keeper.release()
            settings.fault_token.unlink(missing_ok=True)
        screen.say("platform", "stopped")


def down(settings: Settings) -> bool:
    """Stop the platform that runs and wait until it is gone; False when there is none.

    Raises:  NotStopping: it does not go.
    """
    if not lock.is_held(settings.lock):
        return False
    if process := lock.holder(settings.lock):
        process.send_signal(signal.SIGTERM)
    if not lock.wait_until_free(settings.lock, seconds=DOWN_SECONDS):
        raise NotStopping(f"the platform did not stop within {DOWN_SECONDS:g} s: see {settings.logs}")
    return True


def clean(settings: Settings, *, history: bool) -> bool:
    """Remove what runs have left: orders, samples, incidents, logs, keys; with *history*, the built past too.

    Returns:  whether there was anything.
    Raises:   Refused: a platform runs on it.
    """
    folders = [settings.run, *([settings.history] if history else [])]
    there = [folder for folder in folders if folder.exists()]
    if settings.run.exists():
        with lock.held(settings.lock):  # nobody starts on what is half gone
            _remove(settings)
    if history and settings.history.exists():
        shutil.rmtree(settings.history)
    return bool(there)


def _remove(settings: Settings) -> None:
    try:
        if settings.postgres.exists():
            shutil.rmtree(settings.postgres)
        shutil.rmtree(settings.run)
    except OSError as error:
        raise Refused(f"{error.filename} cannot be removed: {error.strerror}") from error


def _takers(choice: Choice) -> dict[str, Path]:
    """The Jaeger and the Loki that are installed, if they are to run."""
    found = {name: find(name) for name in telemetry.PROGRAMS} if choice.whole and choice.servers else {}
    return {name: path for name, path in found.items() if path is not None}


def _first_words(settings: Settings, *, fresh: bool, placing: bool) -> str:
    if placing and not settings.history.exists():
        return "starting; 35 days of seeded history are built first, once: that takes a minute or two"
    if placing:
        return "starting, with a seeded history of 35 days"
    if fresh:
        return "starting, with no history: budgets show within two minutes, burn rates at once"
    return "starting"


def _attend(
    supervisor: Supervisor,
    warm_up: WarmUp | None,
    screen: Screen,
    signals: StopSignals,
    *,
    for_seconds: float | None,
) -> None:
    """Look after everything until it is time to stop."""
    end = None if for_seconds is None else time.monotonic() + for_seconds
    with screen:
        while not signals.asked() and (end is None or time.monotonic() < end):
            supervisor.tick()
            if warm_up is not None:
                warm_up.tick()
            screen.tick()
            time.sleep(PAUSE_SECONDS)
