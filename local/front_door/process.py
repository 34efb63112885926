"""Runs the front door: a real nginx in a folder of its own, whose services can be changed while it serves."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.front_door.configuration import configuration
from local.front_door.settings import DoorSettings
from local.nginx import Nginx, user
from local.server import port_for
from local.settings import HOST

NAME = "front door"
# Answered by nginx itself, whether services are there or not.
OWN_PATH, OWN_STATUS = "/api", http.HTTPStatus.NOT_FOUND


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """The door that listens at *port*, with its files in *folder*."""

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

    @property
    def nginx(self) -> Nginx:
        """What runs it."""
        return Nginx(NAME, self.folder)

    def prepare(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Write its configuration, which nginx has then found to be sound; else the one before stays.

        Raises:  Refused.
        """
        self.nginx.prepare(configuration(upstreams, port=self.port, settings=self.settings, user=user()))

    def set_upstreams(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Lead to *upstreams*, all of them, from now on: no request is broken, and none later goes the old way.

        Raises:  Refused: they are not to be used; everything stays as it was.  StartFailed: nginx did not take them.
        """
        self.prepare(upstreams)
        self.nginx.reload()


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
    door.prepare(upstreams)
    with door.nginx.running(ready=lambda: _answers(door.port)):
        yield door


def _answers(port: int) -> bool:
    """Whether the door, and no service behind it, answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", OWN_PATH)
        return connection.getresponse().status == OWN_STATUS
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
