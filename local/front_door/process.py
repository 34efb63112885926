"""Runs the front door: a real nginx in a folder of its own, whose services can be changed while it serves."""

from __future__ import annotations

import contextlib
import grp
import http.client
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from local.errors import Refused, StartFailed
from local.front_door.configuration import configuration
from local.front_door.settings import DoorSettings
from local.server import bound, end_of, port_for, program, running
from local.settings import HOST

NAME = "front door"
TEST_SECONDS = 20.0
RELOAD_SECONDS = 20.0
LOOK_SECONDS = 0.02
# What nginx calls a worker that takes no more connections and ends with its last request.
_LEAVING = "is shutting down"


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """The door that runs in *folder*."""

    folder: Path
    port: int
    settings: DoorSettings

    @property
    def url(self) -> str:
        """Its address, without a path."""
        return f"http://{HOST}:{self.port}"

    @property
    def access_log(self) -> Path:
        """One JSON document for each request."""
        return self.folder / "access.log"

    def set_upstreams(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Lead to *upstreams*, all of them, from now on: no request is broken, and none later goes the old way.

        Raises:  Refused: they are not to be used; everything stays as it was.  StartFailed: nginx did not take them.
        """
        prepare(self.folder, self.port, upstreams, settings=self.settings)
        self.reload()

    def reload(self) -> None:
        """Read the configuration again; requests that have begun end as they would have.

        Raises:  StartFailed: no new workers came in time.
        """
        master = psutil.Process(self._pid())
        old = {worker.pid for worker in master.children()}
        master.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + RELOAD_SECONDS
        while not _replaced(old, master):
            if time.monotonic() > deadline:
                raise StartFailed(f"{NAME}: the new configuration is not in use\n{end_of(_log(self.folder))}")
            time.sleep(LOOK_SECONDS)

    def _pid(self) -> int:
        return int((self.folder / "nginx.pid").read_text(encoding="ascii"))


@contextlib.contextmanager
def running_front_door(
    folder: Path,
    upstreams: Mapping[str, Sequence[str]],
    *,
    port: int | None = None,
    settings: DoorSettings | None = None,
) -> Iterator[FrontDoor]:
    """A front door that leads to *upstreams* until the block ends.

    Args:    folder: its own, for its configuration, logs and what answers do not fit into memory.
             upstreams: by service, the address of each replica: `HOST:PORT` or `http://HOST:PORT`.
             port: by default a free one.
    Raises:  Refused: no program, a taken port, an unknown service, an address that is none.  StartFailed.
    """
    door = FrontDoor(folder.absolute(), port_for(NAME, port), settings or DoorSettings())
    prepare(door.folder, door.port, upstreams, settings=door.settings)
    with running(
        NAME,
        command(door.folder),
        log=_log(door.folder),
        ready=lambda: _answers(door.port),
        stop_by=(signal.SIGTERM,),
    ):
        yield door


def prepare(folder: Path, port: int, upstreams: Mapping[str, Sequence[str]], *, settings: DoorSettings) -> None:
    """Write its configuration, which nginx has then found to be sound; else the one before stays.

    Raises:  Refused.
    """
    text = configuration(upstreams, port=port, settings=settings, user=_user())
    test = (str(program("nginx")), *_options(folder, "nginx.conf.new"), "-t", "-q")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = folder / "nginx.conf.new"
    new.write_text(text, encoding="utf-8")
    done = subprocess.run(
        test,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TEST_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Refused(f"{NAME}: nginx does not take {new}:\n{done.stderr.strip()}")
    new.replace(folder / "nginx.conf")


def command(folder: Path) -> tuple[str, ...]:
    """What starts it in the foreground; it ends with whoever started it.

    Raises:  Refused.
    """
    # Its logs are in UTC, as everybody's are.
    return bound(("env", "TZ=UTC", program("nginx"), *_options(folder, "nginx.conf")), ends_by=signal.SIGTERM)


def _options(folder: Path, configured: str) -> tuple[str, ...]:
    return ("-p", str(folder.absolute()), "-e", "stderr", "-c", configured)


def _user() -> tuple[str, str] | None:
    """Whom workers run as: ourselves. root has to say so, or they were nobody, who cannot use our folder."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwuid(0).pw_name, grp.getgrgid(os.getegid()).gr_name


def _replaced(old: set[int], master: psutil.Process) -> bool:
    """Whether every worker that takes connections was started after the *old* ones."""
    serving = {worker.pid for worker in master.children() if not _is_leaving(worker)}
    return bool(serving) and not serving & old


def _is_leaving(worker: psutil.Process) -> bool:
    try:
        return worker.status() == psutil.STATUS_ZOMBIE or _LEAVING in " ".join(worker.cmdline())
    except psutil.NoSuchProcess:
        return True


def _answers(port: int) -> bool:
    """Whether the door, and no service behind it, answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/api")
        return connection.getresponse().status == http.HTTPStatus.NOT_FOUND
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _log(folder: Path) -> Path:
    return folder / "front_door.log"
