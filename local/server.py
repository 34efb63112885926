"""Runs one real server for as long as a block lasts; it ends with whoever started it, however that ends."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from pwd import struct_passwd

from local.errors import Refused, StartFailed
from local.log_files import end_of
from local.part import how_it_ended
from local.preflight import is_free
from local.settings import HOST
from tools.install import find

START_SECONDS = 30.0
STOP_SECONDS = 20.0
LOOK_SECONDS = 0.02


def program(name: str) -> Path:
    """Where a program of tools/pins.toml is.

    Raises:  Refused: it is not installed.
    """
    found = find(name)
    if found is None:
        raise Refused(f"{name} is not installed: run make setup test-tools")
    return found


def port_for(name: str, port: int | None) -> int:
    """*port*, or one that is free.

    Raises:  Refused: it is taken.
    """
    if port is None:
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            free: int = probe.getsockname()[1]
            return free
    if not is_free(port):
        raise Refused(f"port {port} ({name}) is taken: free it, or choose another")
    return port


def free_ports(*names: str) -> dict[str, int]:
    """Ports that are free now, all different: held open until the last is known."""
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.socket()) for name in names}
        for each in sockets.values():
            each.bind((HOST, 0))
        return {name: each.getsockname()[1] for name, each in sockets.items()}


def bound(
    command: Sequence[str | Path], *, ends_by: signal.Signals, user: struct_passwd | None = None
) -> tuple[str, ...]:
    """*command* as *user*, sent *ends_by* by the kernel once the thread that started it has ended.

    util-linux' setpriv does both and then becomes the command; a function between fork and exec could hang here.
    """
    drop = () if user is None else (f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--init-groups")
    return ("setpriv", *drop, "--pdeathsig", ends_by.name.removeprefix("SIG"), *map(str, command))


def password_in(file: Path, owner: struct_passwd | None = None) -> str:
    """The password that *file* keeps; made at the first call, and readable by its owner alone."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.unlink(missing_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            output.write(secrets.token_hex(16))
        if owner is not None:
            os.chown(new, owner.pw_uid, owner.pw_gid)
        new.replace(file)
    return file.read_text(encoding="ascii")


@contextlib.contextmanager
def running(
    name: str, command: Sequence[str], *, log: Path, ready: Callable[[], bool], stop_by: Sequence[signal.Signals]
) -> Iterator[None]:
    """Start *command*, wait until *ready*, and end it after the block: by the first signal, else by the next ones.

    Raises:  StartFailed: it ended, or was not ready in time.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd="/",  # another user may not reach ours
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C at the terminal is not for it: it is stopped in order
        )
    try:
        _await(name, process, ready=ready, log=log)
        yield
    finally:
        _stop(process, stop_by)


def _await(name: str, process: subprocess.Popen[bytes], *, ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        code = process.poll()
        if code is not None or time.monotonic() > deadline:
            why = f"not ready after {START_SECONDS:g} s" if code is None else how_it_ended(code)
            raise StartFailed(f"{name} did not start: {why}\n{end_of(log)}")
        time.sleep(LOOK_SECONDS)


def _stop(process: subprocess.Popen[bytes], signals: Sequence[signal.Signals]) -> None:
    for number in (*signals, signal.SIGKILL):
        process.send_signal(number)  # does nothing once it has ended
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
            return
