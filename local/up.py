"""`up` and `down`: the platform from nothing to ready, kept running, and gone without a trace."""

from __future__ import annotations

import signal
import time
from functools import partial

from budget.prometheus import Prometheus
from local import configuration, lock, preflight
from local.errors import NotStopping, StopRequested
from local.keeper import Keeper
from local.parts import platform
from local.screen import Screen
from local.secret import new_token
from local.settings import Settings
from local.signals import StopSignals
from local.supervisor import PAUSE_SECONDS, Supervisor
from local.warm_up import WarmUp

STOP_SECONDS = 8.0  # with what must then be killed and cleared away, all is gone within ten
DOWN_SECONDS = 20.0


def up(settings: Settings, *, for_seconds: float | None) -> None:
    """Run the platform until somebody asks to stop, or for *for_seconds* from ready.

    Raises:  AlreadyRunning, Refused: nothing was started.  StartFailed: everything is stopped again.
    """
    signals = StopSignals()
    with lock.held(settings.lock) as file, signals.caught():
        binaries = preflight.check(settings)
        token = new_token()
        configuration.write(settings, fault_token=token)
        screen = Screen(Prometheus(settings.url("prometheus"), timeout_seconds=2.0))
        keeper = Keeper(lock=file)
        supervisor = Supervisor(
            logs=settings.logs, environment=keeper.environment(), say=screen.say, stopping=signals.asked
        )
        try:
            if not settings.prometheus_data.exists():
                screen.say("platform", "no history yet: budgets show within two minutes, burn rates at once")
            for part in platform(settings, binaries=binaries, fault_token=token):
                supervisor.start(part)
            screen.say("platform", f"ready: logs in {settings.logs}, Ctrl-C stops it")
            warm_up = WarmUp(settings, reload=partial(supervisor.reload, "prometheus"))
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


def _attend(
    supervisor: Supervisor,
    warm_up: WarmUp,
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
            warm_up.tick()
            screen.tick()
            time.sleep(PAUSE_SECONDS)
