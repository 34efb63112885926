"""A real Redis that keeps nothing: listening on this machine alone, with a password."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import redis

from local.server import bound, password_in, port_for, program, running
from local.settings import HOST

CONFIGURATION = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {folder}
daemonize no
save ""
appendonly no
maxmemory 64mb
maxmemory-policy allkeys-lru
"""


@contextlib.contextmanager
def running_redis(folder: Path, *, port: int | None = None) -> Iterator[str]:
    """The address of a Redis that runs until the block ends, with its password; what it holds is gone then.

    Args:    folder: its own, for its configuration, password and log. port: by default a free one.
    Raises:  Refused: no program, a taken port.  StartFailed.
    """
    chosen = port_for("redis", port)
    prepare(folder, chosen)
    address = url(folder, chosen)
    with running(
        "redis",
        command(folder),
        log=folder / "redis.log",
        ready=lambda: _answers(address),
        stop_by=(signal.SIGTERM,),
    ):
        yield address


def prepare(folder: Path, port: int) -> None:
    """Write its configuration: a file, for other users can read a command line."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = CONFIGURATION.format(
        host=HOST, port=port, password=password_in(_password_file(folder)), folder=_quoted(folder.absolute())
    )
    with os.fdopen(os.open(_configuration(folder), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as output:
        output.write(text)


def command(folder: Path) -> tuple[str, ...]:
    """What starts it in the foreground; it ends with whoever started it.

    Raises:  Refused.
    """
    return bound((program("redis-server"), _configuration(folder)), ends_by=signal.SIGTERM)


def url(folder: Path, port: int) -> str:
    """Its address; without a number that is its database 0."""
    return f"redis://:{password_in(_password_file(folder))}@{HOST}:{port}"


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def answers(folder: Path, port: int) -> bool:
    """Whether the Redis of *folder* answers at *port*."""
    return _answers(url(folder, port))


def _answers(address: str) -> bool:
    try:
        with redis.Redis.from_url(address, socket_timeout=0.5) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _configuration(folder: Path) -> Path:
    return folder.absolute() / "redis.conf"


def _password_file(folder: Path) -> Path:
    return folder.absolute() / "password"
