"""Other people's objects, on every route with an id that the services have: as if they did not exist."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from local.shop_run import Answer
from services.shared.identity import ADMIN, CUSTOMER, STAFF, WAREHOUSE
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import body_of, filled, headers_of, ids
from tests.attacks.route_map import Route, documented
from tests.attacks.route_table import PUBLIC, access
from tests.attacks.shopping import SKU, Customer, units_of

FOREIGN = "another user's order on every id route (generated from the route map)"
# Whose each id is. A parameter that is in none of these is an unknown id route.
CUSTOMERS_OWN = frozenset({"cart_id", "order_id"})
EVERYBODYS = frozenset({"sku"})
SERVICES_OWN = frozenset({"ref", "reference"})
ADMINS_OWN = frozenset({"user_id"})


def id_routes(routes: frozenset[Route]) -> Iterator[Route]:
    """The routes with an id in their path."""
    for route in sorted(routes):
        unknown = {*route.parameters} - CUSTOMERS_OWN - EVERYBODYS - SERVICES_OWN - ADMINS_OWN
        assert not unknown, f"{route}: unknown id route: say how it is attacked"
        if route.parameters:
            yield route


def good_body(route: Route, documents: dict[str, Any]) -> Any:
    """What the owner would send; None where the route takes no body."""
    operation = documented(documents[route.service]).get((route.path, route.method), {})
    return body_of(operation["operationId"]) if "requestBody" in operation else None


def without_ids(answer: Answer) -> dict[str, Any]:
    """A problem without what differs from request to request."""
    return {name: each for name, each in answer.json().items() if name not in ("request_id", "trace_id")}


@pytest.mark.attack(FOREIGN)
def test_others_objects_are_not_there(
    attacker: Attacker, routes: frozenset[Route], documents: dict[str, Any], victim: Customer, mallory: Customer
) -> None:
    """Another customer's cart and order, by each method of each id route. 404 as for no object, and nothing changes."""
    cart, order = victim.cart(quantity=2), victim.order()
    known = ids(cart_id=cart, order_id=order["order_id"])
    before = [victim.ask(f"/api/v1/carts/{cart}").body, victim.ask(f"/api/v1/orders/{order['order_id']}").body]
    tried = 0
    for route in id_routes(routes):
        roles = access(route.service, route.method, route.path)
        if CUSTOMERS_OWN.isdisjoint(route.parameters) or CUSTOMER not in roles:
            continue
        for method in {route.method, "HEAD"} if route.method == "GET" else {route.method}:
            answer = attacker.ask(
                route.service,
                filled(route.path, known),
                method,
                good_body(route, documents),
                role=CUSTOMER,
                subject=mallory.subject,
                headers=headers_of() | {"If-Match": "*"},
            )
            assert answer.status == 404, f"{route} as {method}: {answer.status}"
            tried += 1
    after = [victim.ask(f"/api/v1/carts/{cart}").body, victim.ask(f"/api/v1/orders/{order['order_id']}").body]
    assert after == before
    assert tried >= 7


@pytest.mark.attack(FOREIGN)
def test_what_services_own_is_closed_to_customers(
    attacker: Attacker, routes: frozenset[Route], documents: dict[str, Any], victim: Customer
) -> None:
    """One's own order at inventory and the gateway, past orders. Their routes are closed to whoever bought it."""
    order = victim.order()
    on_hand, held = units_of(attacker)
    known = ids(ref=order["order_id"], reference=order["order_id"], order_id=order["order_id"])
    for route in id_routes(routes):
        roles = access(route.service, route.method, route.path)
        if roles == PUBLIC or CUSTOMER in roles:
            continue
        answer = attacker.ask(
            route.service,
            filled(route.path, known),
            route.method,
            good_body(route, documents),
            role=CUSTOMER,
            subject=victim.subject,
            headers=headers_of(),
        )
        assert answer.status == 403, f"{route}: {answer.status}"
    assert units_of(attacker) == (on_hand, held)
    assert victim.ask(f"/api/v1/orders/{order['order_id']}").json() == order


@pytest.mark.attack(FOREIGN)
@pytest.mark.parametrize("role", [STAFF, WAREHOUSE, ADMIN])
def test_a_customers_routes_are_not_for_other_roles(attacker: Attacker, victim: Customer, role: str) -> None:
    """Reading what customers buy as staff, warehouse or admin, with the customer's own subject. 403."""
    order = victim.order()
    for path in (f"/api/v1/orders/{order['order_id']}", f"/api/v1/carts/{order['cart_id']}", "/api/v1/orders"):
        assert attacker.ask("orders", path, role=role, subject=victim.subject).status == 403


@pytest.mark.attack(FOREIGN)
def test_a_foreign_cart_is_not_ordered(victim: Customer, mallory: Customer) -> None:
    """Another customer's cart as the body of one's own checkout. 404, and the cart stays open."""
    cart = victim.cart()
    refused = mallory.check_out(cart)
    assert (refused.status, refused.json()["code"]) == (404, "cart_not_found")
    assert (mallory.order_ids(), victim.order_ids()) == ([], [])
    assert victim.ask(f"/api/v1/carts/{cart}").json()["state"] == "OPEN"


@pytest.mark.attack(FOREIGN)
def test_lists_hold_ones_own_alone(victim: Customer, mallory: Customer) -> None:
    """One's own list of orders, after others have bought. It is empty."""
    victim.order()
    assert mallory.order_ids() == []
    assert len(victim.order_ids()) == 1


@pytest.mark.attack("foreign and absent ids told apart")
@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/api/v1/orders/{order_id}", "GET"),
        ("/api/v1/orders/{order_id}/cancel", "POST"),
        ("/api/v1/carts/{cart_id}", "GET"),
        ("/api/v1/carts/{cart_id}", "DELETE"),
        ("/api/v1/carts/{cart_id}/items/{sku}", "DELETE"),
    ],
)
def test_foreign_absent_and_malformed_look_alike(victim: Customer, mallory: Customer, path: str, method: str) -> None:
    """Which ids exist, read off how the refusals differ. Bodies and headers are equal but for the request's own id."""
    order = victim.order()
    answers = [
        mallory.ask(path.format_map(ids(order_id=order_id, cart_id=cart_id)), method, headers=headers_of())
        for order_id, cart_id in (
            (order["order_id"], order["cart_id"]),
            (f"ord_{uuid.uuid4().hex}", f"cart_{uuid.uuid4().hex}"),
            ("ord_1", "cart_1"),
        )
    ]
    assert {each.status for each in answers} == {404}
    assert [without_ids(each) for each in answers] == [without_ids(answers[0])] * 3
    # A trace id is there or not with the sample, not with the order.
    told = [{k: v for k, v in each.headers.items() if k not in ("date", "x-request-id")} for each in answers]
    assert [each.keys() for each in told] == [told[0].keys()] * 3


@pytest.mark.attack("foreign and absent ids told apart")
def test_ids_cannot_be_counted_up(victim: Customer) -> None:
    """Ids that follow from others. Orders and carts of one customer share no more than their prefix."""
    first, second = victim.order(), victim.order()
    for name, prefix in (("order_id", "ord_"), ("cart_id", "cart_")):
        numbers = [int(each[name].removeprefix(prefix), 16) for each in (first, second)]
        assert min(numbers) > 2**96
        assert abs(numbers[0] - numbers[1]) > 2**64


@pytest.mark.attack(FOREIGN)
def test_an_item_goes_into_no_foreign_cart(victim: Customer, mallory: Customer) -> None:
    """A unit put into another's cart, with that cart's own ETag as If-Match. 404, and the cart is as it was."""
    cart = victim.cart()
    etag = victim.ask(f"/api/v1/carts/{cart}").headers["etag"]
    path = f"/api/v1/carts/{cart}/items/{SKU}"
    assert mallory.ask(path, "PUT", {"quantity": 9}, headers={"If-Match": etag}).status == 404
    assert victim.ask(f"/api/v1/carts/{cart}").headers["etag"] == etag
