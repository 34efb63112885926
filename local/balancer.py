"""Spreads the calls that services make to one another over each service's replicas, as a Kubernetes Service does."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.nginx import Nginx, user
from local.settings import HOST, ROOT

NAME = "balancer"
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(ROOT / "local" / "templates"),
    undefined=StrictUndefined,
    autoescape=False,  # it is no HTML, and all of it is our own
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Balancer:
    """*ports*: by service, where its callers find it."""

    nginx: Nginx
    ports: Mapping[str, int]

    def set_upstreams(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Lead to *upstreams*, by service the `HOST:PORT` of each replica, from now on; no call is broken."""
        self.prepare(upstreams)
        self.nginx.reload()

    def listens(self) -> bool:
        """Whether something answers at each of its ports; that the services behind it are away does not matter."""
        return all(map(_listens, self.ports.values()))

    def prepare(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Write the configuration that leads to *upstreams*."""
        template = _ENVIRONMENT.get_template("balancer.conf.j2")
        self.nginx.prepare(template.render(host=HOST, ports=self.ports, upstreams=upstreams, user=user()))


@contextlib.contextmanager
def running_balancer(
    folder: Path, ports: Mapping[str, int], upstreams: Mapping[str, Sequence[str]]
) -> Iterator[Balancer]:
    """A balancer with its files in *folder*, until the block ends; the services need not be there yet.

    Raises:  Refused, StartFailed.
    """
    found = Balancer(Nginx(NAME, folder), ports)
    found.prepare(upstreams)
    with found.nginx.running(ready=found.listens):
        yield found


def _listens(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1)
    try:
        connection.request("GET", "/livez")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True
