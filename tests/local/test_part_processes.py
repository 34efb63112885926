"""local/part_processes.py: real processes of a platform's parts, halted, sent on, killed."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import psutil
import pytest

from local import lock, part_processes
from local.errors import FaultRefused, NotRunning
from local.settings import Settings
from local.tended import PART

Start = Callable[..., psutil.Process]
Wait = Callable[[Callable[[], bool], float], None]
# A leader with a child of its own, as gunicorn and locust are.
WITH_A_CHILD = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-S', '-c', 'import time; time.sleep(60)']{}); time.sleep(60)"
)


@pytest.fixture
def start(settings: Settings) -> Iterator[Start]:
    """Starts parts of a platform that this very process holds the lock of."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str | None, text: str = "import time; time.sleep(60)") -> psutil.Process:
        environment = {**os.environ} | ({PART: name} if name is not None else {})
        command = [sys.executable, "-S", "-c", text]
        started.append(subprocess.Popen(command, env=environment, start_new_session=True))
        return psutil.Process(started[-1].pid)

    with lock.held(settings.lock):
        yield begin
    for process in started:
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(process.pid).children(recursive=True):
                child.kill()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


def stands_still(*processes: psutil.Process) -> bool:
    """Whether each of them is stopped."""
    return all(each.status() == psutil.STATUS_STOPPED for each in processes)


@pytest.mark.parametrize("session", ["", ", start_new_session=True"], ids=["in its group", "in a session of its own"])
def test_a_halted_part_stands_still_until_it_goes_on(
    session: str, settings: Settings, start: Start, wait_for: Wait
) -> None:
    """With all that it has started, wherever that is, and nobody else; nothing of it ends."""
    users, orders = start("users", WITH_A_CHILD.format(session)), start("orders")
    wait_for(lambda: bool(users.children()), 10)
    (child,) = users.children()
    part_processes.strike(settings, "users", "halt")
    wait_for(lambda: stands_still(users, child), 5)
    assert not stands_still(orders)
    part_processes.go_on(settings, "users")
    wait_for(lambda: not stands_still(users) and not stands_still(child), 5)


def test_one_that_was_not_halted_goes_on_as_before(settings: Settings, start: Start) -> None:
    """To mend what is whole is no mistake."""
    users = start("users")
    part_processes.go_on(settings, "users")
    assert users.is_running()
    assert not stands_still(users)


def test_a_part_that_stands_still_can_be_killed(settings: Settings, start: Start, wait_for: Wait) -> None:
    """With what it has started; the platform starts it again."""
    users = start("users", WITH_A_CHILD.format(""))
    wait_for(lambda: bool(users.children()), 10)
    (child,) = users.children()
    part_processes.strike(settings, "users", "halt")
    part_processes.strike(settings, "users", "kill")
    assert users.wait(5) == -9
    wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE, 5)


def test_each_part_is_known_by_its_name(settings: Settings, start: Start) -> None:
    """Whoever has no name is none; nor is a part's own child."""
    users, second = start("users", WITH_A_CHILD.format("")), start("users-2")
    start(None)
    assert part_processes.running(settings) == {"users": users, "users-2": second}


def test_a_part_that_there_is_not_is_refused(settings: Settings, start: Start) -> None:
    """With the names of those that there are, in order; nobody is struck in its place."""
    users, orders = start("users"), start("orders")
    with pytest.raises(FaultRefused, match=r"^user is no part that runs: there are orders, users$"):
        part_processes.strike(settings, "user", "kill")
    assert users.is_running()
    assert orders.is_running()


def test_one_that_has_ended_is_no_part_any_more(settings: Settings, start: Start) -> None:
    """Whether or not whoever started it has noticed."""
    ended = start("users", "raise SystemExit")
    psutil.wait_procs([ended], timeout=5)
    with pytest.raises(FaultRefused, match=r"^users (is no part that runs|has just ended)"):
        part_processes.strike(settings, "users", "halt")


def test_without_a_platform_nobody_is_struck(settings: Settings, start: Start) -> None:
    """Not even those whom its last holder has left."""
    elsewhere = Settings(run=settings.run.parent / "elsewhere")
    users = start("users")
    for strike in (
        lambda: part_processes.strike(elsewhere, "users", "kill"),
        lambda: part_processes.go_on(elsewhere, "users"),
        lambda: part_processes.running(elsewhere),
    ):
        with pytest.raises(NotRunning, match="make demo"):
            strike()
    assert users.is_running()


def test_a_lock_that_is_left_over_is_no_platform(settings: Settings) -> None:
    """Its file names somebody who holds it no longer: perhaps this very process."""
    with lock.held(settings.lock):
        pass
    assert settings.lock.exists()
    with pytest.raises(NotRunning):
        part_processes.running(settings)
