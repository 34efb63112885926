"""What the carts' API refuses: strangers, wrong bodies, carts that cannot be changed, prices that cannot be had."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.orders.adapters.carts_memory import InMemoryCarts
from services.orders.domain.cart import MAX_LINES, Cart, CartLine
from services.orders.domain.cart_errors import CatalogUnavailable, ProductUnknown
from services.orders.domain.money import Money
from services.shared.errors import DatabaseUnavailable
from tests.services.orders.cart_app import BERT, CARTS, Shop

ROUTES = [("GET", ""), ("DELETE", ""), ("PUT", "/items/PAN-1"), ("DELETE", "/items/PAN-1")]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_somebody_elses_cart_looks_like_none(shop: Shop, method: str, path: str) -> None:
    """The same answer, word for word, as for a cart that never was; nothing is asked or changed."""
    cart_id = shop.new()
    before = shop.carts.get(cart_id)
    body = {"json": {"quantity": 1}} if method == "PUT" else {}
    theirs = shop.ask(method, f"/{cart_id}{path}", BERT, **body)
    never = shop.ask(method, f"/cart_{'0' * 32}{path}", BERT, **body)
    malformed = shop.ask(method, f"/{cart_id.upper()}{path}", BERT, **body)
    answers = [
        {**answer.json, "request_id": None, "trace_id": None, "status_code": answer.status_code}
        for answer in (theirs, never, malformed)
    ]
    assert answers[0] == answers[1] == answers[2]
    assert (theirs.status_code, theirs.json["code"]) == (404, "cart_not_found")
    assert shop.carts.get(cart_id) == before
    assert shop.catalog.asked == []


@pytest.mark.parametrize(("method", "path"), [("POST", None), *ROUTES])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="nobody"),
        pytest.param({"Authorization": "Bearer forged"}, 401, id="a token that proves nothing"),
        pytest.param({"Authorization": "Bearer staff/anna"}, 403, id="staff"),
        pytest.param({"Authorization": "Bearer warehouse/anna"}, 403, id="the warehouse"),
        pytest.param({"Authorization": "Bearer service/service:payments"}, 403, id="a service"),
    ],
)
def test_carts_are_for_customers(shop: Shop, method: str, path: str | None, headers: dict, status: int) -> None:
    """Nobody else, whatever they want of them."""
    cart_id = shop.new()
    where = "" if path is None else f"/{cart_id}{path}"
    answer = shop.client.open(CARTS + where, method=method, headers=headers, json={"quantity": 1})
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert shop.carts.get(cart_id).lines == ()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param('{"quantity": -1}', id="-1"),
        pytest.param('{"quantity": 0}', id="0"),
        pytest.param('{"quantity": 100}', id="100"),
        pytest.param('{"quantity": 1.5}', id="1.5"),
        pytest.param('{"quantity": 1.0}', id="1.0"),
        pytest.param('{"quantity": "2"}', id="a text"),
        pytest.param('{"quantity": true}', id="true"),
        pytest.param('{"quantity": null}', id="null"),
        pytest.param('{"quantity": [1]}', id="a list"),
        pytest.param('{"quantity": 9223372036854775808}', id="2^63"),
        pytest.param('{"quantity": 1e30}', id="1e30"),
        pytest.param('{"quantity": NaN}', id="NaN"),
        pytest.param('{"quantity": Infinity}', id="Infinity"),
        pytest.param("{}", id="nothing"),
        pytest.param('{"quantity": 1, "price": {"minor_units": 1, "currency": "EUR"}}', id="a price"),
        pytest.param('{"quantity": 1, "unit_price": 1}', id="a unit price"),
        pytest.param('{"quantity": 1, "total": 1}', id="a total"),
        pytest.param('{"quantity": 1, "owner": "bert"}', id="an owner"),
        pytest.param('{"quantity": 1, "state": "ORDERED"}', id="a state"),
        pytest.param('{"quantity": 1, "sku": "CUP-1"}', id="another SKU"),
        pytest.param("[]", id="no object"),
        pytest.param("3", id="a bare number"),
    ],
)
def test_a_wrong_quantity_is_422(shop: Shop, body: str) -> None:
    """With a problem that says where; nothing is asked of the catalog, nothing is changed."""
    cart_id = shop.new()
    answer = shop.ask("PUT", f"/{cart_id}/items/PAN-1", data=body, content_type="application/json")
    assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
    assert all(each["pointer"].startswith("#") for each in answer.json["errors"])
    assert (shop.carts.get(cart_id).version, shop.catalog.asked) == (1, [])


@pytest.mark.parametrize("body", ["", "{", '{"quantity": 1', "quantity=1", "\xff"])
def test_a_body_that_is_no_json_is_refused(shop: Shop, body: str) -> None:
    """As the client's fault, never ours."""
    answer = shop.ask("PUT", f"/{shop.new()}/items/PAN-1", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({"quantity": JSON}) | JSON)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_body_breaks_the_cart(shop: Shop, body: Any) -> None:
    """Any JSON is a quantity from 1 to 99 or a 422."""
    data = json.dumps(body)
    answer = shop.ask("PUT", f"/{shop.new()}/items/PAN-1", data=data, content_type="application/json")
    right = isinstance(body, dict) and list(body) == ["quantity"] and type(body["quantity"]) is int
    assert answer.status_code == (200 if right and 1 <= body["quantity"] <= 99 else 422)


def test_a_body_says_that_it_is_json(shop: Shop) -> None:
    """A form of another site's page cannot fill a cart."""
    cart_id = shop.new()
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        answer = shop.ask("PUT", f"/{cart_id}/items/PAN-1", data='{"quantity": 1}', content_type=content_type)
        assert answer.status_code == 415
    assert shop.carts.get(cart_id).lines == ()


class Down(InMemoryCarts):
    """A store that does not answer."""

    def create(self, cart: Cart) -> None:
        raise DatabaseUnavailable("down")

    def get(self, cart_id: str) -> Cart:
        raise DatabaseUnavailable("down")


def test_without_its_store_the_service_says_when_to_come_back(open_shop) -> None:
    """503 with Retry-After, on every route."""
    shop = open_shop(Down())
    cart_id = "cart_" + "0" * 32
    for method, path in (("POST", ""), *((method, f"/{cart_id}{path}") for method, path in ROUTES)):
        body = {"json": {"quantity": 1}} if method == "PUT" else {}
        answer = shop.ask(method, path, **body)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("field_name", ["owner", "cart_id", "lines", "total", "state", "version"])
def test_a_new_cart_takes_no_field(shop: Shop, field_name: str) -> None:
    """Mass assignment is refused by name; an empty body or object is fine."""
    answer = shop.ask("POST", "", json={field_name: "x"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"#/{field_name}")
    assert shop.ask("POST", "", json={}).status_code == 201


@pytest.mark.parametrize("body", ["[]", "1", "null", '"x"'])
def test_a_new_cart_takes_no_other_json(shop: Shop, body: str) -> None:
    """Only an object, and that an empty one."""
    assert shop.ask("POST", "", data=body, content_type="application/json").status_code == 422


def test_an_ordered_cart_refuses_changes(shop: Shop) -> None:
    """409 cart_ordered for each, before the catalog is asked; it can still be read."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    shop.order(cart_id)
    shop.catalog.asked.clear()
    for answer in (
        shop.put(cart_id, "PAN-1", 2),
        shop.put(cart_id, "CUP-1"),
        shop.ask("DELETE", f"/{cart_id}/items/PAN-1"),
        shop.ask("DELETE", f"/{cart_id}/items/CUP-1"),
        shop.ask("DELETE", f"/{cart_id}"),
    ):
        assert (answer.status_code, answer.json["code"]) == (409, "cart_ordered")
    assert shop.ask("GET", f"/{cart_id}").json["state"] == "ORDERED"
    assert shop.catalog.asked == []


@pytest.mark.parametrize("sku", ["NONE-1", "pan-1", "P", "P" * 33, "PAN 1", "PAN-1%0A", "%2e%2e", "PAN_1"])
def test_what_is_not_sold_is_404(shop: Shop, sku: str) -> None:
    """An unknown SKU and a malformed one alike."""
    cart_id = shop.new()
    shop.catalog.error = None if sku.startswith("NONE") else ProductUnknown(sku)
    answer = shop.put(cart_id, sku)
    assert (answer.status_code, answer.json["code"]) == (404, "product_unknown")
    assert shop.carts.get(cart_id).version == 1


def test_without_the_catalog_there_is_no_price(shop: Shop) -> None:
    """503 and when to come back; everything that needs no price still works."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    shop.catalog.error = CatalogUnavailable("down", retry_after_seconds=7)
    answer = shop.put(cart_id, "CUP-1")
    assert (answer.status_code, answer.json["code"]) == (503, "catalog_unavailable")
    assert answer.headers["Retry-After"] == "7"
    assert shop.ask("DELETE", f"/{cart_id}/items/PAN-1").status_code == 200
    assert shop.ask("GET", f"/{cart_id}").json["lines"] == []


def test_a_cart_has_at_most_fifty_lines(shop: Shop) -> None:
    """The next one is 409 cart_full."""
    cart_id = shop.new()
    cart = shop.carts.get(cart_id)
    euro = Money(minor_units=100, currency="EUR")
    lines = tuple(CartLine(sku=f"SKU-{n}", quantity=1, unit_price=euro, name="n") for n in range(MAX_LINES))
    shop.carts.save(replace(cart, lines=lines, version=2), 1)
    answer = shop.put(cart_id, "PAN-1")
    assert (answer.status_code, answer.json["code"]) == (409, "cart_full")
    assert shop.put(cart_id, "SKU-7", 5).status_code == 200


def test_a_cart_has_one_currency(shop: Shop) -> None:
    """Another one is 409 currency_mismatch."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    shop.catalog.currency = "USD"
    answer = shop.put(cart_id, "CUP-1")
    assert (answer.status_code, answer.json["code"]) == (409, "currency_mismatch")
