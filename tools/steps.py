"""Run one command of an installation: quiet but for its seconds; its last words when it fails."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

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
            with subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            ) as process:
                code = _wait(process, started)
        except OSError as error:
            raise StepFailed(f"{command[0]} cannot be started: {error.strerror}") from error
        seconds = time.monotonic() - started
        if code:
            output.seek(0)
            tail = output.read().splitlines()[-LAST_LINES:]
            raise StepFailed("\n".join([f"{text}: failed after {seconds:.1f} s:", *tail]))
    say(f"    done in {seconds:.1f} s")


def _wait(process: "subprocess.Popen[bytes]", started: float) -> int:
    try:
        while True:
            try:
                return process.wait(HEARTBEAT_SECONDS)
            except subprocess.TimeoutExpired:
                say(f"    … {time.monotonic() - started:.0f} s")
    except BaseException:
        process.terminate()
        process.wait()
        raise
