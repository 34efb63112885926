"""A real PostgreSQL in a folder of its own: made at the first start, listening on this machine alone.

It refuses to run as root; for root it runs as the user `postgres`, whom Debian's package brings.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from pwd import struct_passwd

import psycopg

from local.errors import Refused, StartFailed
from local.server import bound, password_in, port_for, program, running
from local.settings import HOST

USER = "postgres"
MAX_CONNECTIONS = 200
INITDB_SECONDS = 120.0
STOP_BY = signal.SIGINT  # fast: open sessions are ended
# Right for data that need not outlive a crash of the machine.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@contextlib.contextmanager
def running_postgres(folder: Path, *, port: int | None = None, durable: bool = True) -> Iterator[str]:
    """The address of a PostgreSQL that runs until the block ends: its superuser's, with a password.

    Args:    folder: its own, kept from one start to the next. port: by default a free one.
             durable: False trades what a crash of the machine would cost for speed.
    Raises:  Refused: no program, no user or no way to the folder; a taken port.  StartFailed.
    """
    chosen = port_for("postgres", port)
    prepare(folder)
    address = url(folder, chosen)
    with running(
        "postgres",
        command(folder, chosen, durable=durable),
        log=folder / "postgres.log",
        ready=lambda: _answers(address),
        # Then at once: the log is replayed at the next start.
        stop_by=(STOP_BY, signal.SIGQUIT),
    ):
        yield address


def prepare(folder: Path) -> None:
    """Make the database cluster, unless it is there.

    Raises:  Refused, StartFailed.
    """
    owner = _owner()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if owner is not None:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        _check_reach(folder, owner)
    password_in(_password_file(folder), owner)
    if not _data(folder).exists():
        _initdb(folder, owner)


def command(folder: Path, port: int, *, durable: bool = True) -> tuple[str, ...]:
    """What starts it in the foreground, as the user that it needs; sessions end at once with whoever started it.

    Raises:  Refused.
    """
    settings = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",  # none: a path to it may be too long for one
        "max_connections": str(MAX_CONNECTIONS),
        "timezone": "UTC",
        "log_timezone": "UTC",
        **({} if durable else FORGETFUL),
    }
    options = (word for name, value in settings.items() for word in ("-c", f"{name}={value}"))
    return bound((program("postgres"), "-D", _data(folder), *options), ends_by=signal.SIGINT, user=_owner())


def url(folder: Path, port: int) -> str:
    """The superuser's address, as SQLAlchemy takes it."""
    return f"postgresql+psycopg://{USER}:{password_in(_password_file(folder))}@{HOST}:{port}/postgres"


def for_libpq(address: str) -> str:
    """The same address, as PostgreSQL's own clients take it."""
    return address.replace("postgresql+psycopg://", "postgresql://", 1)


def _initdb(folder: Path, owner: struct_passwd | None) -> None:
    # Renamed when it is whole: one that was killed half-way is made anew.
    stage = folder / "data.new"
    shutil.rmtree(stage, ignore_errors=True)
    making = (
        program("initdb"),
        f"--pgdata={stage}",
        f"--username={USER}",
        f"--pwfile={_password_file(folder)}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    )
    done = subprocess.run(
        bound(making, ends_by=signal.SIGTERM, user=owner),
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=INITDB_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StartFailed(f"initdb failed with exit code {done.returncode}:\n{done.stderr.strip()}")
    stage.rename(_data(folder))


def _owner() -> struct_passwd | None:
    """Whom it runs as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        raise Refused(
            f"PostgreSQL does not run as root, and there is no user {USER}: install Debian's package, "
            "which brings one (apt-get install --no-install-recommends postgresql), or run this as somebody else"
        ) from None


def _check_reach(folder: Path, owner: struct_passwd) -> None:
    reach = bound(("test", "-w", folder.absolute()), ends_by=signal.SIGTERM, user=owner)
    if subprocess.run(reach, cwd="/", check=False).returncode:
        raise Refused(
            f"the user {USER}, as whom PostgreSQL runs for root, cannot reach {folder}: "
            "a folder above it is closed to others; choose another place, or run this as somebody else"
        )


def answers(folder: Path, port: int) -> bool:
    """Whether the PostgreSQL of *folder* takes connections at *port*."""
    return _answers(url(folder, port))


def _answers(address: str) -> bool:
    try:
        # The password is this folder's: what answers is ours, not another server that was quicker at the port.
        psycopg.connect(for_libpq(address), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _data(folder: Path) -> Path:
    return folder.absolute() / "data"


def _password_file(folder: Path) -> Path:
    return folder.absolute() / "password"
