"""Run one command of an installation: quiet but for its seconds; its last words when it fails."""

import contextlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.errors import StepFailed

HEARTBEAT_SECONDS = 30
LAST_LINES = 15


def say(text: str) -> None:
    """Progress goes to standard error; standard output carries results alone."""
    print(text, file=sys.stderr, flush=True)


def step(text: str, command: Sequence[str], env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
    """Run *command*, saying *text*, a line each half minute, and the seconds at the end.

    Raises:  StepFailed: it cannot be started, or exits with another code than 0.
    """
    say(f"==> {text}")
    started = time.monotonic()
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            with (
                _signals_held() as let_go,
                subprocess.Popen(
                    command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
                ) as process,
            ):
                code = _wait(process, started, let_go)
        except OSError as error:
            raise StepFailed(f"{command[0]} cannot be started: {error.strerror}") from error
        seconds = time.monotonic() - started
        if code:
            output.seek(0)
            tail = output.read().splitlines()[-LAST_LINES:]
            raise StepFailed("\n".join([f"{text}: failed after {seconds:.1f} s:", *tail]))
    say(f"    done in {seconds:.1f} s")


@contextlib.contextmanager
def _signals_held() -> Iterator[Callable[[], None]]:
    """What comes while a process starts waits until the caller lets go: before, nobody could end that process."""
    came: list[int] = []
    before: dict[int, Any] = {}

    def let_go() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)
        before.clear()
        while came:
            signal.raise_signal(came.pop())

    if threading.current_thread() is threading.main_thread():  # no other may set handlers, nor is one interrupted
        for number in (signal.SIGINT, signal.SIGTERM):
            if callable(signal.getsignal(number)):
                before[number] = signal.signal(number, lambda number, _frame: came.append(number))
    try:
        yield let_go
    finally:
        let_go()


def _wait(process: "subprocess.Popen[bytes]", started: float, let_go: Callable[[], None]) -> int:
    try:
        let_go()
        while True:
            try:
                return process.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"    … {time.monotonic() - started:.0f} s")
    except BaseException:
        process.terminate()
        process.wait()
        raise
