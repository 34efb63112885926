"""What somebody asked `up` for: which parts, how many of each, and on what they keep their data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from local.errors import Refused
from local.settings import MOST_REPLICAS
from local.shop import SERVICES, WORKERS, replicas_of, service_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """*only*: services that run alone, without what watches them; none: the whole platform.

    reload:    services start anew whenever their code changes. scale: replicas by service.
    postgres, redis:  in place of SQLite files, and of caches and limits in each process.
    history:   whether a fresh Prometheus is given a seeded past.
    for_load:  whether one address may ask as often as a load test does: the limits of the door and of users are raised.
    shoppers:  so many times as many come by themselves as on an ordinary day.
    servers:   whether a Jaeger and a Loki that are installed take spans and logs; else these stay files.
    """

    only: tuple[str, ...] = ()
    reload: bool = False
    scale: Mapping[str, int] = field(default_factory=dict)
    postgres: bool = False
    redis: bool = False
    history: bool = True
    for_load: bool = False
    servers: bool = True
    shoppers: float = 1.0

    def __post_init__(self) -> None:
        """Raises:  Refused: an unknown service, or replicas that would share a file or stand behind no door."""
        faults = [f"--only {name}: expected {_listed(SERVICES)}" for name in self.only if name not in SERVICES]
        faults += [f"--scale {name}: expected {_listed(SERVICES)}" for name in self.scale if name not in SERVICES]
        many = [name for name, count in self.scale.items() if count > 1]
        if many and not self.postgres:
            faults.append(f"--scale {many[0]}: replicas cannot share an SQLite file, so this needs --postgres")
        if many and self.only:
            faults.append(f"--scale {many[0]}: replicas stand behind the whole platform's doors, so without --only")
        faults += [
            f"--scale {name}={count}: expected 1 to {MOST_REPLICAS}"
            for name, count in self.scale.items()
            if not 1 <= count <= MOST_REPLICAS
        ]
        if faults:
            raise Refused("\n".join(faults))

    @property
    def whole(self) -> bool:
        """Whether the platform runs around the services, too."""
        return not self.only

    @property
    def replicated(self) -> bool:
        """Whether any service has replicas."""
        return any(count > 1 for count in self.scale.values())

    @property
    def services(self) -> tuple[str, ...]:
        """The services that run, in the order in which they are listed everywhere."""
        return tuple(name for name in SERVICES if not self.only or name in self.only)

    @property
    def workers(self) -> tuple[str, ...]:
        """The workers that run: those of the services that do."""
        return tuple(name for name in WORKERS if service_of(name) in self.services)

    @property
    def processes(self) -> tuple[str, ...]:
        """Names of every service's processes, replicas included."""
        return tuple(name for service in self.services for name in replicas_of(service, self.scale.get(service, 1)))


def scale_of(words: Iterable[str]) -> dict[str, int]:
    """`orders=2` as data.

    Raises:  Refused: another form.
    """
    found = {}
    for word in words:
        name, sign, count = word.partition("=")
        if not (sign and count.isascii() and count.isdigit() and len(count) < 4):
            raise Refused(f"--scale {word}: expected SERVICE=NUMBER, like orders=2")
        found[name] = int(count)
    return found


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
