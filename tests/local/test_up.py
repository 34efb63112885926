"""`up` and `down` with a dummy in place of the parts: signals, terminal, and a start that fails."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import lock
from local.settings import ROOT, Settings

# The leader of a new session takes the first terminal that it opens for its own, with Ctrl-C as a signal.
ON_TERMINAL = "import os; os.close(os.open(os.ttyname(0), os.O_RDWR))"

# `up` as it is, but for its parts and for what it checks and writes before.
PROGRAM = """
import sys
from local import configuration, preflight, tended, up
from local.part import Part
script, tended.ALIVE_SECONDS = sys.argv[1], float(sys.argv[2])
preflight.check = lambda settings, choice, **_: {}
up.telemetry.Telemetry.prepare = lambda self: None
configuration.write = lambda settings, choice, **_: settings.logs.mkdir(parents=True, exist_ok=True)
part = Part(name="dummy", command=(sys.executable, "-S", "-c", script))
up.platform = lambda settings, choice, **_: (part,)
from local.__main__ import main
main(["up"])
"""
SLEEP = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# How long a part must live to be taken for ready: a busy machine may need longer to see one fail.
SOON, LATE = "0.1", "60"


def _environment(settings: Settings) -> dict[str, str]:
    own = {"TILLWATCH_STATE": str(settings.run.parent), "PORT_BASE": str(settings.port_base), "TERM": "xterm"}
    return {**os.environ, **own}


@contextlib.contextmanager
def _start(settings: Settings, script: str, alive_seconds: str = SOON) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, script, alive_seconds],
        cwd=ROOT,
        env=_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # where a test has failed: nobody else would end it


def _wait_until_ready(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if ": logs in" in line:
            return
    pytest.fail("it was never ready")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_each_signal_is_a_clean_stop(settings: Settings, number: signal.Signals) -> None:
    """Exit code 0, and the lock is free."""
    with _start(settings, SLEEP) as process:
        _wait_until_ready(process)
        process.send_signal(number)
        output, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")
    assert output.splitlines()[-1].endswith("platform              stopped")
    assert not lock.is_held(settings.lock)


def test_down_stops_it_from_elsewhere(settings: Settings) -> None:
    """And returns when it is gone."""
    with _start(settings, SLEEP) as process:
        _wait_until_ready(process)
        result = subprocess.run(
            [sys.executable, "-m", "local", "down"],
            cwd=ROOT,
            env=_environment(settings),
            text=True,
            capture_output=True,
            check=False,
        )
        assert result.stdout == "the platform has stopped\n"
        process.communicate(timeout=5)
    assert process.returncode == 0


def test_a_part_that_fails_at_the_start_is_exit_1(settings: Settings) -> None:
    """The reason is the last thing said; nothing is left running."""
    with _start(settings, "raise SystemExit('out of paper')", LATE) as process:
        _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.splitlines()[0] == "dummy did not start: exit code 1"
    assert "out of paper" in errors
    assert not lock.is_held(settings.lock)


def test_ctrl_c_on_a_terminal_stops_and_a_second_one_insists(settings: Settings) -> None:
    """The keys reach the platform alone, which is patient until it is told not to be."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", f"{ON_TERMINAL}\n{PROGRAM}", STUBBORN, SOON],
        cwd=ROOT,
        env=_environment(settings),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        shown = _read(controller, b": logs in")
        os.write(controller, b"\x03")
        time.sleep(0.7)
        assert process.poll() is None
        os.write(controller, b"\x03")
        began = time.monotonic()
        shown += _read(controller, b"platform              stopped")
        assert process.wait(timeout=5) == 0
        assert time.monotonic() - began < 3
    os.close(controller)
    assert b"Traceback" not in shown
    assert b"killed: it did not stop in time" in shown


def test_nobody_who_listens_any_more_is_no_reason_to_stop_badly(settings: Settings) -> None:
    """`up | tee`: Ctrl-C ends both, and what the parts say at their end is heard by nobody."""
    with _start(settings, SLEEP) as process:
        _wait_until_ready(process)
        settings.fault_token.parent.mkdir(parents=True, exist_ok=True)
        settings.fault_token.write_text("of this run")
        assert process.stdout is not None
        process.stdout.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert not settings.fault_token.exists()


def test_a_terminal_that_is_closed_is_a_clean_stop(settings: Settings) -> None:
    """It can be written to no more; the parts stop in order all the same."""
    controller, terminal = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", f"{ON_TERMINAL}\n{PROGRAM}", SLEEP, SOON],
        cwd=ROOT,
        env=_environment(settings),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    ) as process:
        os.close(terminal)
        _read(controller, b": logs in")
        os.close(controller)
        assert process.wait(timeout=10) == 0
    assert not lock.is_held(settings.lock)


def _read(file: int, wanted: bytes) -> bytes:
    shown, deadline = b"", time.monotonic() + 15
    while wanted not in shown:
        assert time.monotonic() < deadline, shown
        try:
            shown += os.read(file, 65536)
        except OSError:
            break
    assert wanted in shown, shown
    return shown


def test_the_state_directory_holds_no_token_afterwards(settings: Settings, tmp_path: Path) -> None:
    """The token opened the services of that run alone."""
    settings.fault_token.parent.mkdir(parents=True)
    settings.fault_token.write_text("of this run")
    with _start(settings, SLEEP) as process:
        _wait_until_ready(process)
        process.terminate()
        process.communicate(timeout=10)
    assert not settings.fault_token.exists()
