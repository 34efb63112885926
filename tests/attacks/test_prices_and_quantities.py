"""Prices that the buyer would like, and quantities that are none."""

import json
from typing import Any

import pytest

from services.shared.identity import ADMIN, CUSTOMER, SERVICE, STAFF, WAREHOUSE
from tests.attacks.attacker import Attacker, code
from tests.attacks.good_requests import body_of, caller_of, filled, headers_of, ids
from tests.attacks.route_table import roles_of
from tests.attacks.shopping import OTHER_SKU, SKU, Customer, payment_of

QUANTITY = "quantity −1, 0, 1.5, “2”, true, 2⁶³, 10³⁰, NaN"
# As JSON is written, since no library would write some of them.
NO_QUANTITIES = {
    "minus one": "-1",
    "zero": "0",
    "minus zero": "-0",
    "a half more": "1.5",
    "a fraction that is whole": "2.0",
    "an exponent": "1e1",
    "text": '"2"',
    "text with a space": '" 2"',
    "other digits": '"２"',
    "true": "true",
    "2^63": str(2**63),
    "2^64 + 1": str(2**64 + 1),
    "10^30": str(10**30),
    "beyond floats": "1e400",
    "NaN": "NaN",
    "Infinity": "Infinity",
    "minus Infinity": "-Infinity",
    "null": "null",
    "a list": "[]",
    "a list of one": "[1]",
    "an object": '{"quantity": 1}',
    "10,000 digits": "9" * 10_000,
    "60,000 digits": "9" * 60_000,
}
# (service, method, path, operation, where the quantity stands in the body)
COUNTED = [
    ("orders", "PUT", "/api/v1/carts/{cart_id}/items/{sku}", "put_cart_item", ("quantity",)),
    ("inventory", "POST", "/api/v1/stock/{sku}/movements", "record_movement", ("quantity",)),
    ("inventory", "POST", "/api/v1/reservations", "reserve", ("lines", 0, "quantity")),
    ("inventory", "POST", "/api/v1/reservations", "reserve", ("ttl_seconds",)),
    ("inventory", "POST", "/api/v1/reservations/{ref}/extend", "extend_reservation", ("ttl_seconds",)),
    ("payments", "POST", "/api/v1/payments", "authorise_payment", ("amount", "minor_units")),
    ("payments", "POST", "/api/v1/payments/{reference}/refunds", "refund_payment", ("amount", "minor_units")),
    ("catalog", "PUT", "/api/v1/products/{sku}/price", "change_price", ("minor_units",)),
]


def with_value(body: Any, place: tuple[Any, ...], written: str) -> bytes:
    """*body* as JSON with *written* at *place*, to the letter."""
    part = body
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = "PLACE"
    return json.dumps(body).replace('"PLACE"', written).encode()


@pytest.mark.attack(QUANTITY)
@pytest.mark.parametrize(("service", "method", "path", "operation_id", "place"), COUNTED)
def test_what_is_no_quantity_is_refused(
    attacker: Attacker,
    mallory: Customer,
    service: str,
    method: str,
    path: str,
    operation_id: str,
    place: tuple[Any, ...],
) -> None:
    """−1, 0, 1.5, "2", true, 2⁶³, 10³⁰, NaN, lists, 60,000 digits in each number of each body. 422, or 400, no JSON."""
    values = filled(path, ids(cart_id=mallory.cart()))
    role = caller_of(roles_of(service, method, path))
    for name, written in NO_QUANTITIES.items():
        raw = with_value(body_of(operation_id), place, written)
        headers = headers_of()
        answer = attacker.ask(service, values, method, raw=raw, role=role, subject=mallory.subject, headers=headers)
        too_long = answer.status == 413 and len(raw) > 4096 and service == "payments"
        assert too_long or answer.status in (400, 422), f"{name}: {answer.status} {answer.body[:200]!r}"
        assert len(answer.body) < 2000, f"{name} is repeated"


@pytest.mark.attack(QUANTITY)
def test_a_refused_quantity_leaves_the_cart_as_it_was(victim: Customer) -> None:
    """A bad quantity on top of a good one. The cart keeps the good one and its version."""
    cart = victim.cart(quantity=2)
    before = victim.ask(f"/api/v1/carts/{cart}").json()
    for quantity in (-1, 0, 10**30, 100):
        assert victim.ask(f"/api/v1/carts/{cart}/items/{SKU}", "PUT", {"quantity": quantity}).status == 422
    assert victim.ask(f"/api/v1/carts/{cart}").json() == before


@pytest.mark.attack("price tampering")
@pytest.mark.parametrize("field", ["price", "unit_price", "minor_units", "currency", "total", "discount", "coupon"])
def test_a_buyer_names_no_price(victim: Customer, field: str) -> None:
    """A price, a total or a discount in the body of an item and of a checkout. 422, and nothing is bought."""
    cart = victim.cart()
    item = victim.ask(f"/api/v1/carts/{cart}/items/{SKU}", "PUT", {"quantity": 1, field: 1})
    body = {"cart_id": cart, "payment_method": "tok_visa", field: 1}
    checkout = victim.ask("/api/v1/orders", "POST", body, headers=headers_of())
    assert (code(item), code(checkout)) == ((422, "invalid_request"), (422, "invalid_request"))
    assert victim.order_ids() == []


@pytest.mark.attack("price tampering")
def test_what_is_charged_is_the_catalogs_price(attacker: Attacker, victim: Customer) -> None:
    """A checkout whose headers and query name other prices. The gateway is asked for the catalog's, times the units."""
    cart = victim.cart(quantity=3)
    price = attacker.ask("catalog", f"/api/v1/products/{SKU}").json()["price"]["minor_units"]
    headers = headers_of(**{"X-Price": "1", "X-Total": "1", "X-Discount": "100"})
    body = {"cart_id": cart, "payment_method": "tok_visa"}
    order = victim.ask("/api/v1/orders?total=1&price=1", "POST", body, headers=headers)
    assert order.status == 201
    paid = payment_of(attacker, order.json()["order_id"])
    assert paid["captured"] == order.json()["total"]["minor_units"] == 3 * price


@pytest.mark.attack("price tampering")
@pytest.mark.parametrize("role", [None, CUSTOMER, WAREHOUSE, ADMIN, SERVICE])
def test_only_staff_change_prices(attacker: Attacker, role: str | None) -> None:
    """A new price by nobody, a customer, the warehouse, an admin and a service. 401 or 403, and the price stays."""
    before = attacker.ask("catalog", f"/api/v1/products/{SKU}").json()
    body = {"minor_units": 1, "currency": "EUR"}
    path = f"/api/v1/products/{SKU}/price"
    answer = attacker.ask("catalog", path, "PUT", body, role=role, headers={"If-Match": f'"{before["version"]}"'})
    assert answer.status in (401, 403)
    assert attacker.ask("catalog", f"/api/v1/products/{SKU}").json() == before


@pytest.mark.attack("price tampering")
@pytest.mark.parametrize("tag", [None, "*", 'W/"1"', '"0"', '"1 "', '"999"', "1 OR 1=1"])
def test_no_price_is_overwritten_unseen(attacker: Attacker, tag: str | None) -> None:
    """Staff's change with no, any, a weak or another version as If-Match. 428 or 412, and the price stays."""
    path = "/api/v1/products/KIT-1003"
    before = attacker.ask("catalog", path).json()
    headers = {} if tag is None else {"If-Match": tag}
    body = {"minor_units": 1, "currency": "EUR"}
    assert attacker.ask("catalog", f"{path}/price", "PUT", body, role=STAFF, headers=headers).status in (412, 428)
    assert attacker.ask("catalog", path).json() == before


@pytest.mark.attack("price changed since the cart")
def test_an_old_price_is_not_paid(attacker: Attacker, victim: Customer) -> None:
    """A cart that was filled before its price rose. 409, nothing is charged, and the cart shows the new price."""
    cart = victim.cart(sku=OTHER_SKU)
    product = attacker.ask("catalog", f"/api/v1/products/{OTHER_SKU}").json()
    dearer = {"minor_units": product["price"]["minor_units"] + 500, "currency": "EUR"}
    tag = {"If-Match": f'"{product["version"]}"'}
    path = f"/api/v1/products/{OTHER_SKU}/price"
    assert attacker.ask("catalog", path, "PUT", dearer, role=STAFF, headers=tag).status == 200
    refused = victim.check_out(cart)
    assert code(refused) == (409, "price_changed")
    path = f"/api/v1/payments/{refused.json()['order_id']}"
    assert attacker.ask("payments", path, role=SERVICE).status == 404
    (line,) = victim.ask(f"/api/v1/carts/{cart}").json()["lines"]
    assert line["unit_price"] == dearer
    again = victim.check_out(cart)
    assert (again.status, again.json()["total"]["minor_units"]) == (201, dearer["minor_units"])
