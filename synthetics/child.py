"""Runs Locust, or what is built on it, as a child process that ends in order: with us, by a signal, when it is done."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).resolve().parent.parent
# Locust gives up on answers that are waited for and prints its tables, which takes a fraction of this.
STOP_SECONDS = 1.5
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    arguments: Sequence[str],
    *,
    outlives_parent: bool = False,
    environment: Mapping[str, str] | None = None,
    line: Callable[[str], None] | None = None,
) -> int:
    """Run `python *arguments*` to its end, to a signal, or until whoever started us is gone.

    Args:    outlives_parent: whether it goes on without whoever started us, as it ends by itself. environment: beside
             our own. line: told each line that the child writes; without it the child writes where we do.
    Returns: the child's exit code; 128 + n after signal n.
    """
    stopped_by: list[int] = []

    def stop(signum: int, frame: FrameType | None) -> None:
        stopped_by.append(signum)

    # Before the child exists: a signal between its start and ours would leave it alone in the world.
    before = {signum: signal.signal(signum, stop) for signum in STOP_SIGNALS}
    try:
        parent = os.getppid()
        code = _run(arguments, environment or {}, line, lambda: stopped_by or not (outlives_parent or _is_ours(parent)))
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)
    return 128 + stopped_by[0] if stopped_by else code


def _is_ours(parent: int) -> bool:
    return os.getppid() == parent


def _run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    line: Callable[[str], None] | None,
    is_over: Callable[[], object],
) -> int:
    # A session of its own: a terminal's Ctrl-C then reaches only us, and the child is stopped in order.
    with subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=child_environment() | dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=None if line is None else subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as child:
        reader = threading.Thread(target=_read, args=(child, line), daemon=True)
        reader.start()
        try:
            while child.poll() is None and not is_over():
                time.sleep(0.1)
            child.terminate()
            code = child.wait(timeout=STOP_SECONDS)
            reader.join(timeout=STOP_SECONDS)
            return code
        except subprocess.TimeoutExpired:
            return 1
        finally:
            child.kill()


def _read(child: subprocess.Popen[str], line: Callable[[str], None] | None) -> None:
    for each in child.stdout or ():
        if line is not None:
            line(each.rstrip("\n"))


def child_environment() -> dict[str, str]:
    """Ours, without what others configured for their own Locust runs."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("LOCUST_")}
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), found.get("PYTHONPATH"))))
    return found
