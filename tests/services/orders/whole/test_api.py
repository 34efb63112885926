"""The API of orders as a client program meets it, over the real inventory and payments."""

import json

import pytest

from tests.services.orders.whole import small_shop as small
from tests.services.orders.whole.small_shop import SmallShop

ORDERS = "/api/v1/orders"


def test_a_purchase(either: SmallShop) -> None:
    """201 with the order, where it is found, and nothing that a cache may keep; money and stock have moved."""
    answer = either.buy(either.cart({"MUG-1": 2, "POT-1": 1}))
    order = answer.json
    assert (answer.status_code, order["state"]) == (201, "CONFIRMED"), answer.text
    assert answer.headers["Location"] == f"{ORDERS}/{order['order_id']}"
    assert answer.headers["Cache-Control"] == "no-store"
    assert order["total"] == {"minor_units": 2200, "currency": "EUR"}
    payment = either.payment(order["order_id"])
    assert (payment["state"], payment["captured"]) == ("CAPTURED", 2200)
    assert (either.stock("MUG-1"), either.stock("POT-1")) == ((3, 0), (4, 0))
    assert either.ask(f"/api/v1/carts/{order['cart_id']}").json["state"] == "ORDERED"


def test_a_repeat_is_answered_from_the_store(shop: SmallShop) -> None:
    """The same answer, marked; no call to anybody."""
    cart = shop.cart({"MUG-1": 1})
    first = shop.buy(cart)
    shop.peers["payments"].calls.clear()
    again = shop.buy(cart)
    assert (again.status_code, again.json) == (201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert shop.peers["payments"].calls == []


def test_another_body_with_the_key_is_refused(shop: SmallShop) -> None:
    """422, and nothing is ordered."""
    shop.buy()
    answer = shop.buy()
    assert (answer.status_code, answer.json["code"]) == (422, "idempotency_key_reused")


def test_a_decline_is_402_and_releases(either: SmallShop) -> None:
    """The gateway's code is told, the same again for a repeat; the units are free."""
    cart = either.cart({"MUG-1": 1})
    answer = either.buy(cart, method="tok_declined")
    assert (answer.status_code, answer.json["code"]) == (402, "card_declined"), answer.text
    assert answer.json["decline_code"]
    assert either.buy(cart, method="tok_declined").json == answer.json
    either.work()
    assert either.stock("MUG-1") == (5, 0)
    assert either.buy(cart, key="k2").status_code == 201


def test_what_is_short_is_named(shop: SmallShop) -> None:
    """409 with the line and what there is."""
    answer = shop.buy(shop.cart({"POT-1": 1, "MUG-1": 9}))
    assert (answer.status_code, answer.json["code"]) == (409, "out_of_stock"), answer.text
    assert [each["pointer"] for each in answer.json["errors"]] == ["#/lines/1"]
    assert answer.json["lines"] == [{"sku": "MUG-1", "requested": 9, "available": 5}]
    assert shop.stock("POT-1") == (5, 0)


def test_a_changed_price_is_named(shop: SmallShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """409 with the new price, which the cart shows, too."""
    cart = shop.cart({"MUG-1": 1})
    monkeypatch.setitem(small.PRICES, "MUG-1", 600)
    answer = shop.buy(cart)
    assert (answer.status_code, answer.json["code"]) == (409, "price_changed"), answer.text
    assert answer.json["lines"] == [{"sku": "MUG-1", "unit_price": {"minor_units": 600, "currency": "EUR"}}]
    assert shop.ask(f"/api/v1/carts/{cart}").json["total"]["minor_units"] == 600
    assert shop.buy(cart, key="k2").json["total"]["minor_units"] == 600


def test_a_cart_is_ordered_as_it_was_seen(either: SmallShop) -> None:
    """409 for a form that is older than the cart, whatever its key, and the key is free; 422 for what is no version."""
    cart = either.cart({"MUG-1": 1})
    body = {"cart_id": cart, "payment_method": "tok_visa", "cart_version": 2}
    either.ask(f"/api/v1/carts/{cart}/items/POT-1", "PUT", {"quantity": 2})
    answer = either.ask(ORDERS, "POST", body, key="k")
    assert (answer.status_code, answer.json["code"]) == (409, "cart_changed"), answer.text
    assert either.ask(ORDERS).json["items"] == []
    bought = either.ask(ORDERS, "POST", body | {"cart_version": 3}, key="k")
    assert (bought.status_code, bought.json["total"]["minor_units"]) == (201, 2900)
    for wrong in (0, -1, "3", 1.5, True):
        assert either.ask(ORDERS, "POST", body | {"cart_version": wrong}, key="x").status_code == 422


def test_a_cart_whose_order_is_under_way_is_not_listed(either: SmallShop) -> None:
    """Nor one that was bought; one whose order came to nothing is."""
    declined, unknown, bought = (either.cart({"MUG-1": 1}) for _ in range(3))
    either.buy(declined, key="d", method="tok_declined")
    either.peers["payments"].faults["authorise"] = ["lost"]
    assert either.buy(unknown, key="u").json["state"] == "PAYMENT_UNKNOWN"
    either.buy(bought, key="b")
    assert either.ask(f"/api/v1/carts/{unknown}").json["state"] == "OPEN"
    assert [each["cart_id"] for each in either.ask("/api/v1/carts").json["items"]] == [declined]


def test_an_ordered_cart_is_used(either: SmallShop) -> None:
    """409 for another key."""
    cart = either.cart({"MUG-1": 1})
    either.buy(cart)
    answer = either.buy(cart, key="k2")
    assert (answer.status_code, answer.json["code"]) == (409, "cart_used")


@pytest.mark.parametrize("lines", [{}, None], ids=["empty", "another's"])
def test_a_cart_that_cannot_be_ordered(shop: SmallShop, lines: dict | None) -> None:
    """Nothing is left of the attempt: the key is free."""
    cart = shop.cart({"MUG-1": 1}, as_="customer:u-2") if lines is None else shop.cart(lines)
    answer = shop.buy(cart)
    assert (answer.status_code, answer.json["code"]) == (
        (404, "cart_not_found") if lines is None else (409, "cart_empty")
    )
    assert shop.buy().status_code == 201


@pytest.mark.parametrize("peer", ["catalog get_product", "inventory reserve", "payments authorise"])
def test_a_peer_that_is_down_is_503_and_costs_nothing(either: SmallShop, peer: str) -> None:
    """Retry-After is told, and the very same request succeeds later."""
    name, operation = peer.split()
    cart = either.cart({"MUG-1": 1})
    either.peers[name].faults[operation] = ["refused"]
    answer = either.buy(cart)
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable"), answer.text
    assert answer.headers["Retry-After"] == "1"
    either.work()
    assert either.stock("MUG-1") == (5, 0)
    assert either.buy(cart).status_code == 201


@pytest.mark.parametrize("fault", ["lost", "answer lost"])
@pytest.mark.parametrize("peer", ["payments authorise", "inventory commit", "payments capture"])
def test_an_unknown_payment_is_202_until_it_is_known(either: SmallShop, peer: str, fault: str) -> None:
    """The order is there at once; the worker settles it; a repeat of the request shows that, and then for good."""
    name, operation = peer.split()
    cart = either.cart({"MUG-1": 1})
    either.peers[name].faults[operation] = [fault]
    answer = either.buy(cart)
    assert (answer.status_code, answer.json["state"]) == (202, "PAYMENT_UNKNOWN"), answer.text
    assert either.ask(answer.headers["Location"]).json["order_id"] == answer.json["order_id"]
    assert either.value("shop_payment_unknown_count") == 1
    either.work(seconds=2)
    assert either.value("shop_payment_unknown_count") == 0
    again = either.buy(cart)
    assert (again.status_code, again.json["state"]) == (201, "CONFIRMED")
    assert either.buy(cart).headers["Idempotent-Replayed"] == "true"
    assert either.payment(answer.json["order_id"])["captured"] == 500
    assert either.stock("MUG-1") == (4, 0)


def test_cancelling_pays_back_and_returns(either: SmallShop) -> None:
    """REFUNDED at once; the units follow with the event; a repeat of the key says the same."""
    order_id = either.buy().json["order_id"]
    answer = either.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    assert (answer.status_code, answer.json["state"]) == (200, "REFUNDED"), answer.text
    assert either.payment(order_id)["refunded"] == 500
    either.work()
    assert either.stock("MUG-1") == (5, 0)
    assert either.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x").json == answer.json
    assert either.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="y").status_code == 200


@pytest.mark.parametrize("fault", ["refused", "lost", "answer lost"])
def test_a_refund_that_is_not_answered_is_done_later(shop: SmallShop, fault: str) -> None:
    """202, then the worker, then 200; the money goes back once."""
    order_id = shop.buy().json["order_id"]
    shop.peers["payments"].faults["refund"] = [fault]
    answer = shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    assert (answer.status_code, answer.json["state"]) == (202, "REFUND_PENDING"), answer.text
    shop.work(seconds=10)
    again = shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    assert (again.status_code, again.json["state"]) == (200, "REFUNDED")
    assert shop.payment(order_id)["refunded"] == 500


def test_an_order_in_payment_cannot_be_cancelled(shop: SmallShop) -> None:
    """409 until it is known; the key is not spent."""
    shop.peers["payments"].faults["authorise"] = ["lost"]
    order_id = shop.buy().json["order_id"]
    answer = shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    assert (answer.status_code, answer.json["code"]) == (409, "order_in_payment")
    shop.work(seconds=2)
    assert shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x").json["state"] == "REFUNDED"


@pytest.mark.parametrize(("restock", "left"), [(False, 4), (True, 5)])
def test_what_was_sent_is_refunded_by_staff(shop: SmallShop, restock: bool, left: int) -> None:
    """The warehouse fulfils, the owner can no longer cancel, staff decide about the shelf."""
    order_id = shop.buy().json["order_id"]
    fulfilled = shop.ask(f"{ORDERS}/{order_id}/fulfilment", "POST", as_="warehouse:w-1")
    assert (fulfilled.status_code, fulfilled.json["state"]) == (200, "FULFILLED"), fulfilled.text
    assert shop.ask(f"{ORDERS}/{order_id}/fulfilment", "POST", as_="warehouse:w-1").json == fulfilled.json
    refused = shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    assert (refused.status_code, refused.json["code"]) == (409, "order_fulfilled")
    answer = shop.ask(f"{ORDERS}/{order_id}/refunds", "POST", {"restock": restock}, as_="staff:s-1", key="r")
    assert (answer.status_code, answer.json["state"]) == (200, "REFUNDED"), answer.text
    shop.work()
    assert shop.stock("MUG-1") == (left, 0)


def test_what_was_not_bought_is_neither_sent_nor_refunded(shop: SmallShop) -> None:
    """409 with a code of its own."""
    order_id = shop.buy(method="tok_declined").json["order_id"]
    sent = shop.ask(f"{ORDERS}/{order_id}/fulfilment", "POST", as_="warehouse:w-1")
    refunded = shop.ask(f"{ORDERS}/{order_id}/refunds", "POST", {}, as_="staff:s-1", key="r")
    cancelled = shop.ask(f"{ORDERS}/{order_id}/cancel", "POST", key="x")
    codes = [(each.status_code, each.json["code"]) for each in (sent, refunded, cancelled)]
    assert codes == [(409, "order_state"), (409, "order_not_paid"), (409, "order_not_paid")]


def test_orders_are_listed_from_the_newest(either: SmallShop) -> None:
    """Each once, over pages; only one's own."""
    placed = []
    for number in range(5):
        placed.append(either.buy(key=f"k{number}").json["order_id"])
        either.clock.now += number % 2
    either.buy(as_="customer:u-2")
    found, query = [], f"{ORDERS}?limit=2"
    for _ in range(4):
        page = either.ask(query).json
        found += [item["order_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query = f"{ORDERS}?limit=2&cursor={page['next_cursor']}"
    assert sorted(found) == sorted(placed)
    assert found[0] == placed[-1]


@pytest.mark.parametrize(
    ("method", "what", "key"),
    [("GET", "", None), ("POST", "/cancel", "x")],
)
@pytest.mark.parametrize("order_id", ["another's", "ord_" + "0" * 32, "ord_1", "x" * 500, "ord_" + "0" * 32 + "%0a"])
def test_other_orders_are_not_found(shop: SmallShop, method: str, what: str, key: str | None, order_id: str) -> None:
    """Somebody else's, none, or a malformed id: all the same."""
    if order_id == "another's":
        order_id = shop.buy(as_="customer:u-2").json["order_id"]
    answer = shop.ask(f"{ORDERS}/{order_id}{what}", method, key=key)
    assert (answer.status_code, answer.json["code"]) == (404, "order_not_found")


@pytest.mark.parametrize(
    ("method", "path", "as_"),
    [
        ("POST", ORDERS, "staff:s-1"),
        ("GET", ORDERS, "service:service:payments"),
        ("POST", f"{ORDERS}/ord_{'0' * 32}/refunds", "customer:u-1"),
        ("POST", f"{ORDERS}/ord_{'0' * 32}/fulfilment", "customer:u-1"),
        ("POST", f"{ORDERS}/ord_{'0' * 32}/fulfilment", "staff:s-1"),
    ],
)
def test_roles(shop: SmallShop, method: str, path: str, as_: str) -> None:
    """403 for whoever has another role, 401 for whoever has no token that counts."""
    assert shop.ask(path, method, {}, as_=as_, key="k").status_code == 403
    assert shop.ask(path, method, {}, as_="nobody", key="k").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"cart_id": "cart_1", "payment_method": "tok_visa"},
        {"cart_id": "cart_" + "0" * 32, "payment_method": "4111111111111111"},
        {"cart_id": "cart_" + "0" * 32, "payment_method": "tok_4111111111111111"},
        {"cart_id": "cart_" + "0" * 32, "payment_method": "tok_visa", "total": 1},
        {"cart_id": "cart_" + "0" * 32, "payment_method": "tok_visa", "state": "CONFIRMED"},
        {"cart_id": 1, "payment_method": None},
        [],
    ],
    ids=json.dumps,
)
def test_a_wrong_body_is_422(shop: SmallShop, body: object) -> None:
    """Whatever is wrong, nothing of it is repeated in the answer."""
    answer = shop.ask(ORDERS, "POST", body, key="k")
    assert answer.status_code == 422
    assert "4111111111111111" not in answer.text


@pytest.mark.parametrize("path", [ORDERS, f"{ORDERS}/ord_{'0' * 32}/cancel"])
def test_a_key_is_required(shop: SmallShop, path: str) -> None:
    """400 without one."""
    answer = shop.ask(path, "POST", {"cart_id": "cart_" + "0" * 32, "payment_method": "tok_visa"})
    assert (answer.status_code, answer.json["code"]) == (400, "idempotency_key_required")


@pytest.mark.parametrize("cursor", ["x", "MTp4", "A" * 201])
def test_a_made_up_cursor_is_422(shop: SmallShop, cursor: str) -> None:
    """Never an error of ours."""
    assert shop.ask(f"{ORDERS}?cursor={cursor}").status_code == 422


def test_metrics_tell_the_same_story(shop: SmallShop) -> None:
    """Counted where it is committed: states, revenue, the funnel, the time by its answer."""
    shop.buy()
    shop.buy(key="k2", method="tok_declined")
    assert shop.value("shop_orders_total", state="CONFIRMED", traffic="user") == 1
    assert shop.value("shop_orders_total", state="DECLINED", traffic="user") == 1
    assert shop.value("shop_orders_total", state="CONFIRMED", traffic="probe") == 0
    assert shop.value("shop_revenue_minor_units_total", currency="EUR", traffic="user") == 500
    steps = {
        step: shop.value("shop_funnel_total", step=step, traffic="user")
        for step in ("cart", "item", "checkout", "reserved", "payment", "confirmed")
    }
    assert steps == {"cart": 2, "item": 2, "checkout": 2, "reserved": 2, "payment": 2, "confirmed": 1}
    for outcome in ("confirmed", "card_declined"):
        assert shop.value("shop_checkout_duration_seconds_count", outcome=outcome, traffic="user") == 1
