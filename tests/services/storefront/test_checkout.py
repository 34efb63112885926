"""Checkout: one order a form, and an honest word about everything that can be in the way."""

import pytest

from tests.services.storefront.conftest import Browser, Clock
from tests.services.storefront.fake_shop import FakeShop, problem
from tests.services.storefront.html_page import HtmlPage


@pytest.fixture
def buyer(browser: Browser) -> Browser:
    """A customer with two milk pans in the cart."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    return browser


def test_an_order_is_placed_and_shown(buyer: Browser, shop: FakeShop) -> None:
    """Paid with the chosen card; the cart is empty after it."""
    response = buyer.send("/checkout", "/checkout", payment_method="tok_mastercard")
    page = buyer.page(response.location)
    assert "Confirmed" in page.text("main")
    assert "€49.80" in page.text("main")
    (call,) = shop.asked("place_order")
    assert call.body["payment_method"] == "tok_mastercard"
    assert "nothing in your cart" in buyer.get("/cart").text
    assert "pieces" not in buyer.page("/").text("header")


def test_the_same_form_sent_twice_is_one_order(buyer: Browser, shop: FakeShop) -> None:
    """Also when the first answer has come already, and the cart is no longer in the session."""
    form = buyer.page("/checkout").form("/checkout").fields
    first = buyer.client.post("/checkout", data=form)
    buyer.get(first.location)
    second = buyer.client.post("/checkout", data=form)
    assert first.location == second.location
    assert len(shop.orders) == 1
    keys = {call.headers["Idempotency-Key"] for call in shop.asked("place_order")}
    assert len(keys) == 1


def test_every_page_has_a_key_of_its_own(buyer: Browser) -> None:
    """An attempt after a refusal is a new one."""
    keys = {buyer.page("/checkout").form("/checkout").fields["key"] for _ in range(3)}
    assert len(keys) == 3
    assert all(len(key) == 32 for key in keys)


def test_a_second_click_waits_for_the_first_ones_answer(buyer: Browser, shop: FakeShop) -> None:
    """409 while the first request runs: it asks again with the same key."""
    shop.next["place_order"] = [problem(409, "idempotency_key_in_use")] * 3
    assert buyer.send("/checkout", "/checkout").location.startswith("/orders/ord_")
    assert len({call.headers["Idempotency-Key"] for call in shop.asked("place_order")}) == 1


def test_a_declined_card_leaves_the_cart_as_it_is(buyer: Browser, shop: FakeShop) -> None:
    """402, said at the cards; the next attempt with another card goes through."""
    response = buyer.send("/checkout", "/checkout", payment_method="tok_declined")
    page = HtmlPage(response.text)
    assert response.status_code == 402
    assert page.faults == []
    assert "not have enough funds" in page.text("main")
    assert {"href": "#payment_method"} in page.all("a")
    again = page.form("/checkout").fields | {"payment_method": "tok_visa"}
    assert buyer.client.post("/checkout", data=again).location.startswith("/orders/ord_")


def test_the_old_form_with_another_card_is_another_attempt(buyer: Browser, shop: FakeShop) -> None:
    """As a browser's back button has it: a key is never sent with two bodies."""
    form = buyer.page("/checkout").form("/checkout").fields
    buyer.client.post("/checkout", data=form | {"payment_method": "tok_declined"})
    buyer.client.post("/checkout", data=form | {"payment_method": "tok_visa"})
    first, second = shop.asked("place_order")
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_a_changed_price_is_shown_and_asked_again(buyer: Browser, shop: FakeShop) -> None:
    """409 with the old and the new price; nothing is bought at a price that was not shown."""
    form = buyer.page("/checkout").form("/checkout").fields
    shop.products["KIT-0001"]["price"] = {"minor_units": 3000, "currency": "EUR"}
    response = buyer.client.post("/checkout", data=form)
    page = HtmlPage(response.text)
    assert (response.status_code, page.faults) == (409, [])
    assert "before: €24.90" in page.text("main")
    assert "Now €30.00 each." in page.text("main")
    assert "€60.00" in page.text("main")
    assert shop.orders == {}
    assert buyer.client.post("/checkout", data=page.form("/checkout").fields).location.startswith("/orders/ord_")


def test_nothing_is_charged_that_the_page_did_not_show(buyer: Browser, shop: FakeShop) -> None:
    """Filled in another window since: 409 with what has changed and the new total, which then can be ordered."""
    form = buyer.page("/checkout").form("/checkout").fields
    buyer.send("/p/TOY-0001", "/cart")
    buyer.send("/cart", "/cart/KIT-0001", quantity="3")
    response = buyer.client.post("/checkout", data=form | {"payment_method": "tok_mastercard"})
    page = HtmlPage(response.text)
    assert (response.status_code, page.faults, shop.orders) == (409, [], {})
    for said in ("has changed since you saw this page", "Added since you saw", "3 in place of 2.", "€94.69"):
        assert said in page.text("main")
    again = page.form("/checkout").fields
    assert again["payment_method"] == "tok_mastercard"
    assert "€94.69" in buyer.get(buyer.client.post("/checkout", data=again).location).text


def test_what_is_no_longer_in_the_cart_is_said(buyer: Browser, shop: FakeShop) -> None:
    """By its number; nothing but the number of a product is repeated from the form."""
    buyer.send("/p/TOY-0001", "/cart")
    form = buyer.page("/checkout").form("/checkout").fields
    buyer.send("/cart", "/cart/TOY-0001", action="remove")
    response = buyer.client.post("/checkout", data=form | {"shown-<b>": "1x1", "shown-KIT-0009": "a lot"})
    assert response.status_code == 409
    assert "No longer in it: TOY-0001." in response.text


def test_a_cart_that_was_emptied_elsewhere_leads_to_the_cart(buyer: Browser, shop: FakeShop) -> None:
    """There is no form for nothing."""
    form = buyer.page("/checkout").form("/checkout").fields
    buyer.send("/cart", "/cart/KIT-0001", action="remove")
    assert buyer.client.post("/checkout", data=form).location == "/cart"
    assert "nothing in your cart any more" in buyer.get("/cart").text
    assert shop.orders == {}


def test_a_form_from_before_a_price_changed_orders_nothing(buyer: Browser, shop: FakeShop) -> None:
    """Also once another window has been told the new price, and the cart holds it: this one has not shown it."""
    form = buyer.page("/checkout").form("/checkout").fields
    shop.products["KIT-0001"]["price"] = {"minor_units": 3000, "currency": "EUR"}
    assert buyer.send("/checkout", "/checkout").status_code == 409
    response = buyer.client.post("/checkout", data=form)
    page = HtmlPage(response.text)
    assert (response.status_code, shop.orders) == (409, {})
    assert "before: €24.90" in page.text("main")
    assert "Now €30.00 each." in page.text("main")
    assert buyer.client.post("/checkout", data=page.form("/checkout").fields).location.startswith("/orders/ord_")


def test_what_is_out_of_stock_is_said_at_its_line(buyer: Browser, shop: FakeShop) -> None:
    """409, how many there are; the cart stays."""
    shop.stock["KIT-0001"] = 1
    response = buyer.send("/checkout", "/checkout")
    assert response.status_code == 409
    assert "Only 1 available." in response.text
    shop.stock["KIT-0001"] = 0
    assert "Out of stock." in buyer.send("/checkout", "/checkout").text
    assert shop.orders == {}


def test_an_unknown_payment_is_checked_in_front_of_the_buyer(buyer: Browser, shop: FakeShop) -> None:
    """A page that says so and asks again by itself, until it is known."""
    response = buyer.send("/checkout", "/checkout", payment_method="tok_timeout_after")
    page = buyer.get(response.location)
    assert "do not know yet" in page.text
    assert page.headers["Refresh"] == "3"
    (order,) = shop.orders.values()
    order["state"] = "CONFIRMED"
    settled = buyer.get(response.location)
    assert "Refresh" not in settled.headers
    assert "Confirmed" in settled.text


def test_a_lost_answer_is_looked_up(buyer: Browser, shop: FakeShop) -> None:
    """Where the order was placed, its page comes; where it was not, that is said; until then it is checked."""
    form = buyer.page("/checkout").form("/checkout").fields
    shop.lost.add("orders")
    response = buyer.client.post("/checkout", data=form)
    status = response.location
    assert status == f"/checkout/status?cart={form['cart_id']}"
    checking = buyer.get(status)
    assert HtmlPage(checking.text).faults == []
    assert (checking.status_code, checking.headers["Refresh"]) == (200, "4")
    assert "charged once or not at all" in checking.text
    shop.lost.clear()
    assert buyer.get(status).location.startswith("/orders/ord_")
    shop.orders.clear()
    assert "No order was made" in buyer.get(status).text


def test_nothing_was_ordered_where_orders_cannot_be_reached(buyer: Browser, shop: FakeShop) -> None:
    """503 at once: there is nothing to check."""
    form = buyer.page("/checkout").form("/checkout").fields
    shop.down.add("orders")
    response = buyer.client.post("/checkout", data=form)
    assert (response.status_code, response.headers["Retry-After"]) == (503, "7")


@pytest.mark.parametrize("method", ["", "tok_unknown", "4242424242424242"])
def test_only_the_test_cards_are_taken(buyer: Browser, shop: FakeShop, method: str) -> None:
    """422 at the cards; a number that somebody typed goes nowhere, not even back."""
    response = buyer.send("/checkout", "/checkout", payment_method=method)
    assert response.status_code == 422
    assert "4242424242424242" not in response.text
    assert shop.asked("place_order") == []


def test_there_is_no_field_for_a_card(buyer: Browser) -> None:
    """Cards are chosen by name."""
    inputs = buyer.page("/checkout").all("input")
    assert {each["type"] for each in inputs} == {"hidden", "radio", "search"}
    assert not [each for each in inputs if "cc-" in each.get("autocomplete", "")]


def test_an_empty_cart_is_not_checked_out(browser: Browser) -> None:
    """It leads to the cart."""
    browser.sign_in()
    assert browser.get("/checkout").location == "/cart"


@pytest.mark.parametrize("field", ["key", "cart_id", "cart_version"])
def test_a_form_without_its_hidden_fields_orders_nothing(buyer: Browser, shop: FakeShop, field: str) -> None:
    """400, or back to the cart."""
    response = buyer.send("/checkout", "/checkout", **{field: ""})
    assert response.status_code == 400 or response.location == "/cart"
    assert shop.orders == {}


def test_a_cart_that_has_an_order_leads_to_it(buyer: Browser, shop: FakeShop) -> None:
    """From another window: no second order, and no error."""
    old = buyer.page("/checkout").form("/checkout").fields
    path = buyer.send("/checkout", "/checkout").location
    buyer.get(path)
    assert buyer.get(buyer.client.post("/checkout", data=old).location).location == path
    assert len(shop.orders) == 1


def test_a_cart_goes_with_its_order_and_comes_back_without_one(buyer: Browser, shop: FakeShop, clock: Clock) -> None:
    """While a payment is checked, the next thing goes into a new cart; once it is declined, the old one is there."""
    path = buyer.send("/checkout", "/checkout", payment_method="tok_timeout_after").location
    buyer.get(path)
    assert "nothing in your cart" in buyer.get("/cart").text
    (order,) = shop.orders.values()
    order |= {"state": "DECLINED", "created_at": "2023-11-14T22:00:00.000Z"}
    assert "2 pieces" in buyer.page(path).text("header")
    assert buyer.page("/checkout").form("/checkout").fields["cart_id"] == order["cart_id"]


def test_an_old_order_brings_no_cart_back(buyer: Browser, shop: FakeShop, clock: Clock) -> None:
    """Looking at last week's declined order changes nothing."""
    path = buyer.send("/checkout", "/checkout", payment_method="tok_timeout_after").location
    buyer.get(path)
    (order,) = shop.orders.values()
    order |= {"state": "DECLINED", "created_at": "2023-11-07T22:00:00.000Z"}
    buyer.get(path)
    assert "nothing in your cart" in buyer.get("/cart").text


def test_a_made_up_cart_is_looked_up_nowhere(buyer: Browser) -> None:
    """404; one that is somebody else's has no order of the visitor's."""
    assert buyer.get("/checkout/status?cart=../x").status_code == 404
    assert "No order was made" in buyer.get("/checkout/status?cart=cart_" + "f" * 32).text
