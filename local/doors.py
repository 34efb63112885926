"""What stands before services that have replicas: the front door, and a balancer for the calls among them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from local import front_door
from local.balancer import Balancer, running_balancer
from local.front_door import DoorSettings, FrontDoor, running_front_door
from local.server import free_ports
from local.settings import HOST
from local.shop import SERVICES, is_worker, service_of

Upstreams = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Doors:
    """Both of them, running."""

    front: FrontDoor
    balancer: Balancer

    @property
    def addresses(self) -> dict[str, str]:
        """Where services find one another."""
        return {service: f"http://{HOST}:{port}" for service, port in self.balancer.ports.items()}

    def lead(self, ports: Mapping[str, int], *, without: str | None = None) -> None:
        """Lead to the processes that listen at *ports*, but not to the one that is called *without*."""
        found = _upstreams({name: port for name, port in ports.items() if name != without})
        self.balancer.set_upstreams(found)
        self.front.set_upstreams(_outside(found))


@contextlib.contextmanager
def running_doors(folder: Path, ports: Mapping[str, int], settings: DoorSettings) -> Iterator[Doors]:
    """Both doors for the services at *ports*, by the names of their processes, which need not have been started yet.

    Raises:  Refused, StartFailed.
    """
    found = _upstreams(ports)
    inside = free_ports(*SERVICES)
    with (
        running_balancer(folder / "balancer", inside, found) as balancer,
        running_front_door(folder / "front_door", _outside(found), settings=settings) as front,
    ):
        yield Doors(front, balancer)


def _upstreams(ports: Mapping[str, int]) -> Upstreams:
    """Addresses of each service's replicas."""
    found: Upstreams = {service: [] for service in SERVICES}
    for name, port in ports.items():
        if not is_worker(name):
            found[service_of(name)].append(f"{HOST}:{port}")
    return found


def _outside(upstreams: Upstreams) -> Upstreams:
    """Those of *upstreams* that somebody outside may reach."""
    return {service: places for service, places in upstreams.items() if service in front_door.SERVICES}
