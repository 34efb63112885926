"""Fault injection in the wrong hands, and the pages that frameworks leave open."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.shop_run import Answer
from services.shared.identity import CUSTOMER
from tests.attacks.attacker import Attacker
from tests.attacks.route_table import ROLES, SERVICES
from tests.services.running import Service, serving

OFF = "fault injection off by default, token + time limit"
NOT_PUBLIC = "fault injection and debug not public"
PATH = "/internal/faults"
# It hits no request: there is no such peer.
HARMLESS = {"fault": "dependency-timeout", "peer": "nobody", "seconds": 60}
WRONG_TOKENS = [
    "",
    "wrong",
    "a-token-for-drills-in-test",
    "a-token-for-drills-in-testsx",
    "A-TOKEN-FOR-DRILLS-IN-TESTS",
    "null",
    "*",
]
PAGES = (
    "/debug",
    "/console",
    "/console?__debugger__=yes&cmd=1",
    "/_debug",
    "/__debug__/",
    "/debug/pprof/",
    "/actuator",
    "/actuator/env",
    "/env",
    "/config",
    "/.env",
    "/.git/config",
    "/admin",
    "/internal",
    "/internal/",
    "/server-status",
    "/static/",
    "/docs",
    "/redoc",
    "/swagger",
    "/graphql",
    "/phpinfo.php",
    "/trace",
    "/heapdump",
    "/jwks.json",
    "/keys/issuer.key.json",
    "/catalog.db",
    "/orders.db",
)


@pytest.fixture(scope="module")
def plain() -> Iterator[Service]:
    """A service that runs without FAULT_TOKEN."""
    with serving() as service:
        yield service


def with_token(attacker: Attacker, service: str, method: str = "GET", body: Any = None) -> Answer:
    """Ask with the token that drills use."""
    token = attacker.shop.plan.secrets["FAULT_TOKEN"]
    return attacker.ask(service, PATH, method, body, headers={"Authorization": f"Bearer {token}"})


@pytest.mark.attack(OFF)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_without_a_token_configured(plain: Service, method: str) -> None:
    """The fault page of a service that was given no token, with none, any and an empty one. 404: it is not there."""
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer None"}, {"Authorization": "Bearer x"}):
        assert plain.ask(PATH, method, headers=headers).status == 404


@pytest.mark.attack(NOT_PUBLIC)
@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD"])
def test_the_fault_page_is_closed(attacker: Attacker, service: str, method: str) -> None:
    """No token, a wrong one, one letter more and less, each role's own. 401, and no fault is on."""
    body = HARMLESS if method == "POST" else None
    for token in WRONG_TOKENS:
        headers = {"Authorization": f"Bearer {token}"}
        assert attacker.ask(service, PATH, method, body, headers=headers).status == 401, token
    for role in ROLES:
        assert attacker.ask(service, PATH, method, body, role=role).status == 401, role
    secret = attacker.shop.plan.secrets["FAULT_TOKEN"]
    for headers in ({"X-Fault-Token": secret}, {"Authorization": f"Basic {secret}"}, {"Cookie": f"token={secret}"}):
        assert attacker.ask(service, f"{PATH}?token={secret}", method, body, headers=headers).status == 401
    assert with_token(attacker, service).json() == {"faults": []}


@pytest.mark.attack(OFF)
@pytest.mark.parametrize("seconds", [0, -1, 901, 10**9, 10**30, 1.5, "60", True, None, [60], "NaN"])
def test_no_fault_lasts_for_ever(attacker: Attacker, seconds: Any) -> None:
    """More than 15 minutes, none, text, 10³⁰ as its time. 422, and no fault is on."""
    assert with_token(attacker, "catalog", "POST", {**HARMLESS, "seconds": seconds}).status == 422
    assert with_token(attacker, "catalog").json() == {"faults": []}


@pytest.mark.attack(OFF)
@pytest.mark.parametrize(
    "change",
    [
        {"share": 2},
        {"share": -0.1},
        {"share": "1"},
        {"fault": "shell"},
        {"fault": "__class__"},
        {"command": "rm"},
        {"peer": "../x"},
        {"peer": "http://evil.example"},
    ],
)
def test_a_fault_is_one_that_is_known(attacker: Attacker, change: dict[str, Any]) -> None:
    """Other faults, shares beyond 1, fields that nobody knows, addresses as peers. 422."""
    assert with_token(attacker, "orders", "POST", {**HARMLESS, **change}).status == 422


@pytest.mark.attack(OFF)
def test_a_fault_without_a_time(attacker: Attacker) -> None:
    """A fault that does not say how long. 422."""
    body = {name: value for name, value in HARMLESS.items() if name != "seconds"}
    assert with_token(attacker, "catalog", "POST", body).status == 422


@pytest.mark.attack(OFF)
def test_a_fault_ends_by_itself(attacker: Attacker) -> None:
    """A fault of one second that nobody switches off. It is gone after that second."""
    assert with_token(attacker, "payments", "POST", {**HARMLESS, "seconds": 1}).status == 201
    deadline = time.monotonic() + 4
    while with_token(attacker, "payments").json()["faults"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.attack(NOT_PUBLIC)
@pytest.mark.parametrize("service", SERVICES)
def test_no_page_is_left_open(attacker: Attacker, service: str) -> None:
    """Debuggers, consoles, settings, keys, databases, where frameworks and mistakes leave them. 404."""
    for path in PAGES:
        assert attacker.ask(service, path, role=CUSTOMER).status == 404, path


@pytest.mark.attack(NOT_PUBLIC)
@pytest.mark.parametrize("service", SERVICES)
def test_a_platforms_page_says_nothing_of_the_inside(attacker: Attacker, service: str) -> None:
    """Secrets, addresses of databases and files on the pages of health and metrics. None is there."""
    secrets = attacker.shop.plan.secrets.values()
    for path in ("/livez", "/readyz", "/metrics", "/api/openapi.json"):
        text = attacker.ask(service, path).body.decode()
        for inside in (*secrets, str(attacker.shop.folder), "sqlite:", "postgresql", "BEGIN PRIVATE", "127.0.0.1"):
            assert inside not in text, f"{path}: {inside}"
