"""The shop that is attacked: all of it, on SQLite, once for all of these tests; and its routes as they really are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.front_door import DoorSettings
from local.shop_run import ShopRun, running_shop
from tests.attacks.attacker import Attacker
from tests.attacks.route_map import Route, routes_of
from tests.attacks.route_table import SERVICES
from tests.attacks.shopping import Customer

# All of these tests have one address.
MANY = {"REGISTRATIONS_PER_HOUR": "10000", "RESETS_PER_HOUR": "10000"}


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """The running shop. Once it has ended, each line that it ever logged must be a JSON document of its own."""
    folder = tmp_path_factory.mktemp("attacks")
    with running_shop(folder, environ=MANY) as running:
        yield running
    assert_json_lines(folder)


@pytest.fixture(scope="package")
def door_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShopRun]:
    """Another one behind its front door, whose limits for an address are far off: all of these tests have one."""
    folder = tmp_path_factory.mktemp("door")
    door = DoorSettings(
        requests_per_second=1000, request_burst=1000, sign_ins_per_second=1000, sign_in_burst=1000, connections=1000
    )
    with running_shop(folder, door=door, environ={**MANY, "ATTEMPTS_PER_ADDRESS": "100000"}) as running:
        yield running


def assert_json_lines(folder: Path) -> None:
    """Each line that a service logged in *folder* is a JSON document."""
    for log in sorted(folder.glob("*.log")):
        for line in log.read_text(encoding="utf-8").splitlines():
            assert isinstance(json.loads(line), dict), f"{log.name}: {line[:200]}"


@pytest.fixture(scope="package")
def attacker(shop: ShopRun) -> Attacker:
    """Whoever attacks it."""
    return Attacker(shop)


@pytest.fixture
def victim(attacker: Attacker) -> Customer:
    """A customer whom nobody else knows."""
    return Customer.new(attacker)


@pytest.fixture
def mallory(attacker: Attacker) -> Customer:
    """Another customer, with a good token of their own."""
    return Customer.new(attacker)


@pytest.fixture(scope="package")
def routes(shop: ShopRun, tmp_path_factory: pytest.TempPathFactory) -> frozenset[Route]:
    """Every route of the services' own applications."""
    return routes_of(shop, tmp_path_factory.mktemp("routes"), *SERVICES)


@pytest.fixture(scope="package")
def documents(attacker: Attacker) -> dict[str, Any]:
    """The OpenAPI document of each running service."""
    return {service: attacker.ask(service, "/api/openapi.json").json() for service in SERVICES}
