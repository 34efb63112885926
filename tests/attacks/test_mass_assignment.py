"""Fields that nobody may set, sent along with each body that the services take."""

from typing import Any

import pytest

from services.shared.identity import SERVICE, WAREHOUSE
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import BODIES, SKU, TOLERANT, body_of, caller_of, filled, headers_of, ids
from tests.attacks.route_map import documented
from tests.attacks.route_table import roles_of
from tests.attacks.shopping import Customer, payment_of

MASS = "mass assignment"
FIELDS: dict[str, Any] = {
    "role": "admin",
    "roles": ["admin"],
    "price": 1,
    "unit_price": {"minor_units": 1, "currency": "EUR"},
    "total": 1,
    "state": "CONFIRMED",
    "user_id": "u_mallory",
    "customer_id": "u_mallory",
    "owner": "u_mallory",
    "version": 99,
    "__proto__": {"role": "admin"},
    "__class__": "Admin",
    "": 1,
}


def operation(documents: dict[str, Any], operation_id: str) -> tuple[str, str, str]:
    """(service, path, method) of an operation."""
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            if each["operationId"] == operation_id:
                return service, path, method
    raise AssertionError(f"{operation_id}: no service has it any more")


@pytest.mark.attack(MASS)
def test_every_body_is_attacked(documents: dict[str, Any]) -> None:
    """A new operation with a body that nobody has thought about. It fails this test until a good body is written."""
    with_body = {
        each["operationId"]
        for document in documents.values()
        for each in documented(document).values()
        if "requestBody" in each
    }
    # That of a new cart may be left out, and so it is in no document.
    assert with_body == BODIES.keys() - {"create_cart"}


@pytest.mark.attack(MASS)
@pytest.mark.parametrize("operation_id", sorted(BODIES.keys() - TOLERANT))
def test_no_field_more_than_there_are(attacker: Attacker, documents: dict[str, Any], operation_id: str) -> None:
    """role, price, total, state, user_id and others beside a good body. 422 that names the field, for each."""
    service, path, method = operation(documents, operation_id)
    role = caller_of(roles_of(service, method, path))
    for name, value in FIELDS.items():
        if name in body_of(operation_id):
            continue
        body = {**body_of(operation_id), name: value}
        answer = attacker.ask(service, filled(path, ids()), method, body, role=role, headers=headers_of())
        assert answer.status == 422, f"{name}: {answer.status}"
        assert f"#/{name}" in {each["pointer"] for each in answer.json()["errors"]}, name


@pytest.mark.attack(MASS)
@pytest.mark.parametrize(
    ("operation_id", "inside"),
    [("reserve", "lines"), ("authorise_payment", "amount"), ("refund_payment", "amount")],
)
def test_no_field_more_inside(attacker: Attacker, documents: dict[str, Any], operation_id: str, inside: str) -> None:
    """The same fields a level deeper: in a line, in an amount. 422."""
    service, path, method = operation(documents, operation_id)
    for name, value in FIELDS.items():
        body = body_of(operation_id)
        part = body[inside][0] if isinstance(body[inside], list) else body[inside]
        part[name] = value
        answer = attacker.ask(service, filled(path, ids()), method, body, role=SERVICE, headers=headers_of())
        assert answer.status == 422, f"{name}: {answer.status}"


@pytest.mark.attack(MASS)
def test_a_query_sets_nothing(attacker: Attacker, documents: dict[str, Any]) -> None:
    """The same fields as query parameters of each list. 422: no list is asked for another owner's."""
    asked = 0
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            queries = [one for one in each.get("parameters", ()) if one["in"] == "query"]
            if not queries:
                continue
            role = caller_of(roles_of(service, method, path))
            needed = "".join(f"&{one['name']}={SKU}" for one in queries if one.get("required"))
            for name in ("user_id", "owner", "customer_id", "subject", "role"):
                answer = attacker.ask(service, f"{path}?{name}=u_victim{needed}", method, role=role)
                assert answer.status == 422, f"{path}?{name}: {answer.status}"
                asked += 1
    assert asked >= 25


@pytest.mark.attack(MASS)
def test_a_body_where_none_is_read_changes_nothing(attacker: Attacker, victim: Customer) -> None:
    """State, total and owner in the body of a cancellation and of a fulfilment. What was paid comes back, no more."""
    order = victim.order()
    body = {"state": "CONFIRMED", "total": {"minor_units": 1, "currency": "EUR"}, "user_id": "u_mallory"}
    path = f"/api/v1/orders/{order['order_id']}"
    cancelled = victim.ask(f"{path}/cancel", "POST", body, headers=headers_of())
    assert cancelled.status in (200, 422)
    attacker.ask("orders", f"{path}/fulfilment", "POST", {"state": "FULFILLED"}, role=WAREHOUSE)
    if cancelled.status == 200:
        paid = payment_of(attacker, order["order_id"])
        assert paid["refunded"] == paid["captured"] == order["total"]["minor_units"]
        assert victim.ask(path).json()["state"] == "REFUNDED"


@pytest.mark.attack(MASS)
def test_a_carts_lines_are_not_sent_whole(victim: Customer) -> None:
    """A cart made with lines of its own price, or an owner. 422, and no cart is made."""
    for body in (
        {"lines": [{"sku": SKU, "quantity": 1, "unit_price": 1}]},
        {"owner": "u_other"},
        {"cart_id": "cart_1"},
    ):
        assert victim.ask("/api/v1/carts", "POST", body).status == 422
