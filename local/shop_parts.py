"""The shop as parts of the platform: services, their workers and jobs, and the two doors before them."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping

from local import databases, postgres, redis_server
from local.balancer import NAME as BALANCER
from local.balancer import Balancer
from local.choice import Choice
from local.front_door import OWN_PATH, OWN_STATUS, DoorSettings, FrontDoor
from local.nginx import Nginx
from local.part import Part
from local.settings import HOST, Settings
from local.shop import SERVICES, ShopProcesses, service_of

STOP_SECONDS = 2  # what a service gives its requests in flight; the whole platform stops within ten
MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
# Module and arguments of each job, and how often it comes. Copies for a bad day are left out here: `clean` would
# remove them with the data.
JOBS = {
    "inventory-expire": (("services.inventory.jobs", "expire"), MINUTE),
    "inventory-reconcile": (("services.inventory.jobs", "reconcile"), HOUR),
    "orders-reconcile": (("services.orders.jobs", "reconcile"), HOUR),
    "payments-reconcile": (("services.payments.jobs", "reconcile"), HOUR),
    "users-purge": (("services.users.jobs", "purge"), DAY),
    "storefront-purge": (("services.storefront.jobs", "purge"), DAY),
}
# A load test is one address that does what thousands do.
DOOR_FOR_LOAD = DoorSettings(
    requests_per_second=5_000,
    request_burst=5_000,
    sign_ins_per_second=500,
    sign_in_burst=500,
    connections=5_000,
)
USERS_FOR_LOAD = {"REGISTRATIONS_PER_HOUR": "100000", "ATTEMPTS_PER_ADDRESS": "100000"}
# One starts after the other: each takes a core for a second.
FIRST_JOB_SECONDS, NEXT_JOB_SECONDS = 20.0, 5.0


def processes(
    settings: Settings, choice: Choice, *, secrets: Mapping[str, str], extra: Mapping[str, str]
) -> ShopProcesses:
    """What each process of the shop is started with. *extra*: for all of them."""
    inside = {"GRACEFUL_TIMEOUT": str(STOP_SECONDS), "PUBLIC_URL": settings.url("front-door")}
    if choice.for_load:
        inside |= USERS_FOR_LOAD
    if choice.redis:
        inside["REDIS_URL"] = redis_server.url(settings.redis, settings.port("redis"))
    ports = {name: settings.port(name) for name in (*choice.processes, *choice.workers)}
    away = {service: settings.url(service) for service in SERVICES if service not in choice.services}
    found = ShopProcesses(
        ports=ports,
        data=settings.data,
        keys=settings.shop_keys,
        secrets=secrets,
        extra={**inside, **extra},
        addresses=away,
        proxies=1 if choice.whole else 0,
    )
    if choice.postgres:
        server = postgres.url(settings.postgres, settings.port("postgres"))
        found = dataclasses.replace(found, databases=databases.addresses(server, choice.services))
    if choice.replicated:
        found = dataclasses.replace(found, addresses={name: settings.url(f"balancer-{name}") for name in SERVICES})
    return found


def doors(settings: Settings, choice: Choice) -> tuple[FrontDoor, Balancer | None]:
    """The front door, and what spreads services' own calls where there are replicas."""
    door = DOOR_FOR_LOAD if choice.for_load else DoorSettings()
    front = FrontDoor(settings.front_door, settings.port("front-door"), door)
    ports = {service: settings.port(f"balancer-{service}") for service in SERVICES}
    return front, Balancer(Nginx(BALANCER, settings.balancer), ports) if choice.replicated else None


def upstreams(settings: Settings, choice: Choice) -> dict[str, list[str]]:
    """Address of each service's replicas."""
    found: dict[str, list[str]] = {service: [] for service in choice.services}
    for name in choice.processes:
        found[service_of(name)].append(f"{HOST}:{settings.port(name)}")
    return found


def shop(settings: Settings, choice: Choice, plan: ShopProcesses, *, needs: tuple[str, ...]) -> Iterator[Part]:
    """Services, workers, doors and jobs. *needs*: what must be there before all of them."""
    front, balancer = doors(settings, choice)
    if choice.postgres:
        yield Part(
            name="databases",
            command=(sys.executable, "-m", "local.databases"),
            needs=("postgres",),
            environment={"DATABASES": json.dumps(plan.databases)},
            once=True,
        )
        needs += ("databases",)
    if balancer is not None:
        yield Part(
            name="balancer",
            command=balancer.nginx.command(),
            # It answers for whatever it leads to, which is not there yet.
            ready=balancer.listens,
        )
        needs += ("balancer",)
    for name in choice.processes:
        yield _service(settings, choice, plan, name, needs=needs)
    for name in choice.workers:
        # Its service makes the database's schema, where that is a file.
        yield dataclasses.replace(
            _process(plan, name),
            needs=(service_of(name),),
            ready_url=f"{settings.url(name)}/metrics",
        )
    if not choice.whole:
        return
    yield Part(
        name="front-door",
        command=front.nginx.command(),
        needs=choice.processes,
        address=front.url,
        ready_url=f"{front.url}{OWN_PATH}",
        ready_status=OWN_STATUS,
        writes=(front.access_log,),
    )
    for number, (name, (arguments, seconds)) in enumerate(JOBS.items()):
        yield Part(
            name=name,
            command=(sys.executable, "-m", *arguments),
            environment=plan.environment(service_of(name)),
            every_seconds=seconds,
            first_seconds=FIRST_JOB_SECONDS + number * NEXT_JOB_SECONDS,
        )


def _service(settings: Settings, choice: Choice, plan: ShopProcesses, name: str, *, needs: tuple[str, ...]) -> Part:
    part = _process(plan, name)
    return dataclasses.replace(
        part,
        command=(*part.command, "--reload") if choice.reload else part.command,
        needs=needs,
        address=settings.url(name),
        ready_url=f"{settings.url(name)}/readyz",
    )


def _process(plan: ShopProcesses, name: str) -> Part:
    return Part(name=name, command=plan.command(name), environment=plan.environment(name))
