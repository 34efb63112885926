"""The carts' API as a customer's client program meets it."""

import threading
from dataclasses import replace
from functools import partial

import pytest

from services.orders.adapters.carts_memory import InMemoryCarts
from services.orders.cart_body import CartBody
from services.orders.domain.cart import LIFETIME_MS, Cart, CartLine, put_item
from services.orders.domain.cart_errors import CartNotFound
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.money import Money
from tests.services.orders.cart_app import BERT, CARTS, Shop

THREADS = 16


def test_a_new_cart_is_empty_and_says_where_it_is(shop: Shop) -> None:
    """201, Location and ETag; not to be stored by anybody between."""
    answer = shop.ask("POST", "")
    cart = CartBody.model_validate(answer.json, strict=True)
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{CARTS}/{cart.cart_id}"
    assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == ('"1"', "no-store")
    assert (cart.state, cart.lines, cart.total, cart.version) == ("OPEN", [], None, 1)
    assert (cart.updated_at, cart.expires_at) == ("2027-01-15T08:00:00.000Z", "2027-02-14T08:00:00.000Z")
    assert shop.ask("GET", f"/{cart.cart_id}").json == answer.json


def test_an_item_has_the_catalogs_price(shop: Shop) -> None:
    """Name and price come from there; totals are computed here."""
    cart_id = shop.new()
    answer = shop.put(cart_id, "PAN-1", 3)
    euros = {"minor_units": 250, "currency": "EUR"}, {"minor_units": 750, "currency": "EUR"}
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert answer.json["lines"] == [
        {"sku": "PAN-1", "name": "A PAN-1", "quantity": 3, "unit_price": euros[0], "total": euros[1]}
    ]
    assert answer.json["total"] == euros[1]
    assert shop.ask("GET", f"/{cart_id}").json == answer.json


def test_a_price_is_the_one_of_when_the_item_was_put_in(shop: Shop) -> None:
    """A later price comes in with a later put, of that item alone."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1", 1)
    shop.catalog.cents = 300
    assert shop.put(cart_id, "CUP-1", 1).json["total"]["minor_units"] == 550
    assert shop.put(cart_id, "PAN-1", 1).json["total"]["minor_units"] == 600


def test_putting_twice_sets_the_quantity(shop: Shop) -> None:
    """PUT is idempotent: a repeat after a lost answer buys no more."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1", 2)
    assert [each["quantity"] for each in shop.put(cart_id, "PAN-1", 2).json["lines"]] == [2]


def test_an_item_is_taken_out(shop: Shop) -> None:
    """What is left is the answer; taking it out again changes nothing."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    shop.put(cart_id, "CUP-1")
    answer = shop.ask("DELETE", f"/{cart_id}/items/PAN-1")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"4"')
    assert [each["sku"] for each in answer.json["lines"]] == ["CUP-1"]
    again = shop.ask("DELETE", f"/{cart_id}/items/PAN-1")
    assert (again.status_code, again.headers["ETag"], again.json) == (200, '"4"', answer.json)


def test_a_cart_is_thrown_away(shop: Shop) -> None:
    """204, and it is not found any more."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    answer = shop.ask("DELETE", f"/{cart_id}")
    assert (answer.status_code, answer.data) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("DELETE", "/items/PAN-1")):
        gone = shop.ask(method, f"/{cart_id}{path}")
        assert (gone.status_code, gone.json["code"]) == (404, "cart_not_found")


@pytest.mark.parametrize(
    ("tags", "fits"),
    [
        pytest.param('"2"', True, id="the version that is there"),
        pytest.param('"1", "2"', True, id="one of two"),
        pytest.param("*", True, id="any"),
        pytest.param('"1"', False, id="an older version"),
        pytest.param('"3"', False, id="a later one"),
        pytest.param('W/"2"', False, id="a weak tag"),
        pytest.param('"02"', False, id="another spelling"),
        pytest.param("", False, id="nothing"),
        pytest.param('"', False, id="half a tag"),
    ],
)
def test_if_match_guards_every_change(shop: Shop, tags: str, fits: bool) -> None:
    """412 unless it names the version, and then nothing has changed and no price was asked."""
    for method, path in (("PUT", "/items/CUP-1"), ("DELETE", "/items/PAN-1"), ("DELETE", "")):
        cart_id = shop.new()
        shop.put(cart_id, "PAN-1")
        shop.catalog.asked.clear()
        body = {"json": {"quantity": 1}} if method == "PUT" else {}
        answer = shop.ask(method, f"/{cart_id}{path}", headers={"If-Match": tags}, **body)
        if fits:
            assert answer.status_code in (200, 204)
        else:
            assert (answer.status_code, answer.json["code"]) == (412, "stale_version")
            assert (shop.carts.get(cart_id).version, shop.catalog.asked) == (2, [])


def test_an_unchanged_cart_is_not_sent_again(shop: Shop) -> None:
    """304 for the ETag that it has; the cart for another."""
    cart_id = shop.new()
    answer = shop.ask("GET", f"/{cart_id}", headers={"If-None-Match": '"1"'})
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", '"1"')
    shop.put(cart_id, "PAN-1")
    assert shop.ask("GET", f"/{cart_id}", headers={"If-None-Match": '"1"'}).status_code == 200


def test_ones_own_open_carts_are_listed(shop: Shop) -> None:
    """As each of them is shown; nobody else's, none that was ordered, none whose order is under way."""
    kept, ordered, under_way = shop.new(), shop.new(), shop.new()
    for cart_id in (kept, ordered, under_way):
        shop.put(cart_id, "PAN-1", 2)
    shop.order(ordered)
    shop.used.add(under_way)
    answer = shop.ask("GET", "")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.json == {"items": [shop.ask("GET", f"/{kept}").json]}
    assert shop.ask("GET", "", BERT).json == {"items": []}


def test_a_cart_expires(shop: Shop, clock) -> None:
    """Thirty days after its last change it is not found."""
    cart_id = shop.new()
    clock.now += LIFETIME_MS / 1000
    assert shop.ask("GET", f"/{cart_id}").status_code == 404


def test_each_step_of_the_funnel_is_told_once(shop: Shop) -> None:
    """A cart made, an item put in; what was refused is no step."""
    cart_id = shop.new()
    shop.put(cart_id, "PAN-1")
    shop.put(cart_id, "NONE-1")
    shop.put(cart_id, "PAN-1", 0)
    assert shop.steps == ["cart", "item"]


class Rivalled(InMemoryCarts):
    """Somebody else changes the cart before each write."""

    def save(self, cart: Cart, expected_version: int) -> None:
        there = self.get(cart.cart_id)
        rival = replace(there.lines[0], quantity=1 + there.version % 9)
        super().save(put_item(there, rival, now_ms=there.updated_at_ms), there.version)
        super().save(cart, expected_version)


def test_a_race_that_is_always_lost_ends(open_shop, clock) -> None:
    """409 cart_busy with Retry-After, not a request without end."""
    carts = Rivalled(now=clock)
    shop = open_shop(carts)
    cart_id = shop.new()
    cart = carts.get(cart_id)
    euro = Money(minor_units=100, currency="EUR")
    InMemoryCarts.save(
        carts, put_item(cart, CartLine(sku="SKU-1", quantity=1, unit_price=euro, name="n"), now_ms=0), cart.version
    )
    answer = shop.put(cart_id, "PAN-1")
    assert (answer.status_code, answer.json["code"], answer.headers["Retry-After"]) == (409, "cart_busy", "1")


def test_sixteen_clients_lose_no_item(carts: CartRepository, open_shop) -> None:
    """In whatever store: each puts another product in at once, each is told 200, and all are there."""
    shop = open_shop(carts)
    cart_id = shop.new()
    barrier, answers = threading.Barrier(THREADS), []

    def put(number: int) -> None:
        barrier.wait(timeout=20)
        answers.append(shop.put(cart_id, f"SKU-{number}").status_code)

    threads = [threading.Thread(target=partial(put, number)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert answers == [200] * THREADS
    cart = shop.ask("GET", f"/{cart_id}").json
    assert {each["sku"] for each in cart["lines"]} == {f"SKU-{number}" for number in range(THREADS)}
    assert cart["version"] == 1 + THREADS


def test_a_cart_lives_in_every_store(carts: CartRepository, open_shop) -> None:
    """Made, filled, emptied, ordered, thrown away: the same answers from each."""
    shop = open_shop(carts)
    cart_id = shop.new()
    assert shop.put(cart_id, "PAN-1", 2).status_code == 200
    assert shop.put(cart_id, "CUP-1", 99).json["total"] == {"minor_units": 101 * 250, "currency": "EUR"}
    assert shop.put(cart_id, "CUP-1", 1, headers={"If-Match": '"2"'}).status_code == 412
    assert shop.ask("DELETE", f"/{cart_id}/items/PAN-1").json["version"] == 4
    assert shop.ask("GET", f"/{cart_id}", BERT).status_code == 404
    assert shop.ask("DELETE", f"/{cart_id}").status_code == 204
    with pytest.raises(CartNotFound):
        carts.get(cart_id)
    other = shop.new()
    shop.put(other, "PAN-1")
    shop.order(other)
    assert shop.ask("DELETE", f"/{other}").json["code"] == "cart_ordered"


def test_every_operation_is_described(shop: Shop) -> None:
    """Each with its id, a summary and the answers that it can give."""
    document = shop.client.get("/api/openapi.json").json
    found = {
        operation["operationId"]: (method, path.removeprefix(CARTS), bool(operation.get("summary")))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if path.startswith(CARTS)
    }
    assert found == {
        "create_cart": ("post", "", True),
        "list_carts": ("get", "", True),
        "get_cart": ("get", "/{cart_id}", True),
        "put_cart_item": ("put", "/{cart_id}/items/{sku}", True),
        "delete_cart_item": ("delete", "/{cart_id}/items/{sku}", True),
        "delete_cart": ("delete", "/{cart_id}", True),
    }
    answers = {
        operation["operationId"]: set(operation["responses"])
        for methods in document["paths"].values()
        for operation in methods.values()
    }
    any_route, of_a_body = {"401", "403", "503"}, {"400", "413", "415", "422"}
    assert answers == {
        "create_cart": {"201"} | of_a_body | any_route,
        "list_carts": {"200"} | any_route,
        "get_cart": {"200", "304", "404"} | any_route,
        "put_cart_item": {"200", "404", "409", "412"} | of_a_body | any_route,
        "delete_cart_item": {"200", "404", "409", "412"} | any_route,
        "delete_cart": {"204", "404", "409", "412"} | any_route,
    }
    schema = document["components"]["schemas"]["QuantityBody"]
    assert schema["additionalProperties"] is False
    assert (schema["properties"]["quantity"]["minimum"], schema["properties"]["quantity"]["maximum"]) == (1, 99)
