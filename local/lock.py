"""One platform a run directory: who holds it, and how to ask that one to stop.

The lock is the kernel's (flock), so that it falls with its holder however that ends. The file names the
holder: its process id and when that process started, for an id alone may since belong to somebody else.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from local.errors import AlreadyRunning, Refused


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Hold *path* for this process; yields the open file, which a helper may inherit to hold it on.

    Raises:  AlreadyRunning.  Refused: the directory cannot be written to.
    """
    file = _opened(path)
    try:
        _take(file, path)
        os.ftruncate(file, 0)
        os.write(file, json.dumps(_identity(os.getpid())).encode())
        yield file
    finally:
        os.close(file)


def is_held(path: Path) -> bool:
    """Whether a platform, or what is still being cleared away of one, holds *path*."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def holder(path: Path) -> psutil.Process | None:
    """The process that `held` wrote into *path*, if it is still that very process."""
    try:
        identity = json.loads(path.read_text())
        process = psutil.Process(identity["pid"])
        same = abs(process.create_time() - identity["started"]) < 1
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
    return process if same else None


def wait_until_free(path: Path, *, seconds: float) -> bool:
    """Wait until nobody holds *path*; whether that came within *seconds*."""
    deadline = time.monotonic() + seconds
    while is_held(path):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _opened(path: Path) -> int:
    try:
        # The directory is private: logs, keys and the fault token live beside the lock.
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        message = f"{path.parent} cannot be written to ({error.strerror}): name another with TILLWATCH_STATE"
        raise Refused(message) from error


def _take(file: int, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = holder(path)
        if process is None:
            message = "a platform that was killed is being cleared away: try again in a few seconds"
        else:
            message = f"a platform is running already (process {process.pid}): python -m local down stops it"
        raise AlreadyRunning(message) from None


def _identity(pid: int) -> dict[str, float]:
    return {"pid": pid, "started": psutil.Process(pid).create_time()}
