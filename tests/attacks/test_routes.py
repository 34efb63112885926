"""Every route × every role: allowed or refused exactly as route_table.py says, and nothing is open beside it."""

import random
from typing import Any

import pytest
from apiflask import APIBlueprint
from prometheus_client import CollectorRegistry

from local import shop
from services.shared import service
from services.shared.auth import allow
from services.shared.config import Config
from services.shared.errors import ConfigError
from services.shared.faults import FaultBoard
from services.shared.identity import ADMIN, CUSTOMER, SERVICE
from tests.attacks.attacker import Attacker, code
from tests.attacks.forgery import Forger, bearer
from tests.attacks.good_requests import filled, headers_of, ids
from tests.attacks.route_map import Route, documented
from tests.attacks.route_table import (
    CALLED_BY_SERVICES,
    FAULT_TOKEN,
    PUBLIC,
    ROLES,
    ROUTES,
    SERVICES,
    SIGNED,
    UNDOCUMENTED,
    WITH_PAGES,
    access,
    roles_of,
)

DENY = "admin routes as a customer, deny by default"
TABLE = [(name, *route.split(" ", 1)) for name, routes in ROUTES.items() for route in routes]
CLOSED_TO_CUSTOMERS = [each for each in TABLE if roles_of(*each) and CUSTOMER not in roles_of(*each)]


@pytest.mark.attack(DENY)
def test_every_service_is_attacked() -> None:
    """A new service that no attack looks at. It fails this test until a table names it."""
    assert set(shop.SERVICES) == {*SERVICES, WITH_PAGES}


@pytest.mark.attack(DENY)
def test_every_route_is_in_the_table(routes: frozenset[Route]) -> None:
    """A new route that nobody has thought about. It fails this test until the table says who may call it."""
    unknown = {str(route) for route in routes if f"{route.method} {route.path}" not in ROUTES[route.service]}
    gone = {f"{name}: {method} {path}" for name, method, path in TABLE} - {str(route) for route in routes}
    assert (unknown, gone) == (set(), set())


@pytest.mark.attack(DENY)
def test_every_route_is_documented(routes: frozenset[Route], documents: dict[str, Any]) -> None:
    """A route that no document names. Only those of the platform are there, and documents name no role too many."""
    for route in routes:
        operation = documented(documents[route.service]).get((route.path, route.method))
        if f"{route.method} {route.path}" in UNDOCUMENTED:
            assert operation is None, route
        else:
            assert operation is not None, route
            assert set(operation.get("x-roles", ())) == roles_of(route.service, route.method, route.path), route


@pytest.mark.attack(DENY)
@pytest.mark.parametrize(("name", "method", "path"), TABLE)
def test_a_route_is_open_to_its_roles_alone(attacker: Attacker, name: str, method: str, path: str) -> None:
    """Each route as nobody, customer, staff, warehouse, admin and service. 401 or 403, but for those of the table."""
    expected = access(name, method, path)
    body: dict[str, str] | None = {} if method in ("POST", "PUT", "PATCH") else None
    for role in ROLES:
        answer = attacker.ask(name, filled(path, ids()), method, body, role=role)
        if expected == PUBLIC or (expected not in (SIGNED, FAULT_TOKEN) and role in expected):
            assert answer.status not in (401, 403), role
        elif role is None or isinstance(expected, str) or (role == SERVICE and name not in CALLED_BY_SERVICES):
            assert answer.status == 401, role
        else:
            assert code(answer) == (403, "forbidden"), role


@pytest.mark.attack(DENY)
@pytest.mark.parametrize(("name", "method", "path"), CLOSED_TO_CUSTOMERS)
def test_what_staff_do_is_closed_to_customers(attacker: Attacker, name: str, method: str, path: str) -> None:
    """A customer's good token on each route of staff, warehouse and services. 403 before the body is read."""
    answer = attacker.ask(name, filled(path, ids()), method, raw=b"{not json", role=CUSTOMER, headers=headers_of())
    assert code(answer) == (403, "forbidden")


@pytest.mark.attack(DENY)
def test_nobody_is_let_in_by_several_small_roles(attacker: Attacker) -> None:
    """Roles written otherwise: in capitals, as one text, nested, none. They open nothing."""
    path = "/api/v1/stock/KIT-1001/detail"
    forger = Forger(attacker.shop.issuer)
    for roles in (["STAFF"], ["staff "], "staff", [["staff"]], [], ["customer,staff"], {"staff": True}, None):
        token = forger.token(claims={"roles": roles}, audience="inventory")
        answer = attacker.ask("inventory", path, headers=bearer(token))
        assert answer.status in (401, 403), roles


@pytest.mark.attack(DENY)
@pytest.mark.parametrize("path", sorted({path for each in ROUTES.values() for path in each if path.startswith("GET")}))
def test_other_spellings_of_a_path_open_nothing(attacker: Attacker, path: str) -> None:
    """A closed path in capitals, with a dot, a slash, a suffix or an encoded slash. It is found nowhere."""
    plain = filled(path.removeprefix("GET "), ids())
    for name, table in ROUTES.items():
        if path not in table or access(name, *path.split(" ", 1)) == PUBLIC:
            continue
        spelt = (
            plain.upper(),
            plain + "/",
            plain + "/.",
            plain + ".json",
            plain.replace("/v1/", "/v1%2f"),
            plain + ";a",
        )
        for each in spelt:
            assert attacker.ask(name, each).status in (401, 404), each


def build(policy: Any) -> Any:
    """A service with one route that has *policy*."""
    blueprint = APIBlueprint("open", __name__)
    blueprint.get("/open")(policy(lambda: {"open": True}))
    return service.build(
        config=Config(service="catalog"),
        registry=CollectorRegistry(),
        blueprints=(blueprint,),
        board=FaultBoard(clock=lambda: 0.0, random=random.random),
        check=lambda: None,
        title="t",
        description="d",
    )


@pytest.mark.attack(DENY)
def test_a_route_without_a_policy_does_not_start() -> None:
    """A view whose author forgot to say who may call it. The service does not start, and names it."""
    with pytest.raises(ConfigError, match="/open"):
        build(lambda view: view)


@pytest.mark.attack(DENY)
def test_a_route_that_loses_its_policy_is_closed() -> None:
    """A view that is exchanged while the service runs. Without a policy it answers 403 to everybody."""
    app = build(allow(ADMIN, SERVICE))
    app.view_functions["open.<lambda>"] = lambda: {"open": True}
    assert app.test_client().get("/open").status_code == 403
