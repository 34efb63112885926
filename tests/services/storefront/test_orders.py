"""The pages of a customer's orders."""

import pytest

from services.storefront.domain.order_words import _STATES, status_of
from tests.services.storefront.conftest import Browser, Clock
from tests.services.storefront.fake_shop import FakeShop
from tests.services.storefront.html_page import HtmlPage


@pytest.fixture
def path(browser: Browser) -> str:
    """The page of an order that was placed."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart")
    return browser.send("/checkout", "/checkout").location


@pytest.mark.parametrize("state", [*_STATES, "A_STATE_TO_COME"])
def test_every_state_is_shown_in_words(browser: Browser, shop: FakeShop, path: str, state: str) -> None:
    """Also one that is new; what still moves is looked at again."""
    (order,) = shop.orders.values()
    order["state"] = state
    response = browser.get(path)
    page = HtmlPage(response.text)
    assert page.faults == []
    assert state not in page.text("main")
    waits = state in ("PENDING", "RESERVED", "PAYING", "PAYMENT_UNKNOWN", "REFUND_PENDING", "A_STATE_TO_COME")
    assert ("Refresh" in response.headers) == waits
    assert (f"{path}/cancel" in [form.action for form in page.forms]) == (state in ("PENDING", "RESERVED", "CONFIRMED"))
    assert HtmlPage(browser.get("/orders").text).faults == []


def test_an_order_is_cancelled_and_paid_back(browser: Browser, shop: FakeShop, path: str) -> None:
    """Once, however often the form is sent."""
    form = browser.page(path).form(f"{path}/cancel").fields
    for _ in range(2):
        assert browser.client.post(f"{path}/cancel", data=form).location == path
    assert "Refunded" in browser.get(path).text
    assert len({call.headers["Idempotency-Key"] for call in shop.asked("cancel_order")}) == 1


def test_what_cannot_be_cancelled_says_why(browser: Browser, shop: FakeShop, path: str) -> None:
    """It was sent while the page was open."""
    form = browser.page(path).form(f"{path}/cancel").fields
    (order,) = shop.orders.values()
    order["state"] = "FULFILLED"
    browser.client.post(f"{path}/cancel", data=form)
    assert "has been sent already" in browser.get(path).text


def test_somebody_elses_order_is_not_there(browser: Browser, path: str) -> None:
    """404, as orders says; nor is an address that no order can have."""
    for strange in ("/orders/ord_" + "f" * 32, "/orders/x%2F..", "/orders/" + "a" * 500):
        assert browser.get(strange).status_code == 404


def test_the_list_shows_what_was_ordered(browser: Browser, path: str) -> None:
    """Number, state and total, with a link to each."""
    page = browser.page("/orders")
    assert {"href": path} in page.all("a")
    assert "Confirmed" in page.text("main")
    assert "€24.90" in page.text("main")


def test_a_reason_is_said(browser: Browser, shop: FakeShop, path: str) -> None:
    """Why a card was declined, or why an order came to nothing."""
    (order,) = shop.orders.values()
    order |= {"state": "DECLINED", "decline_code": "expired_card"}
    assert "The card has expired." in browser.get(path).text
    order |= {"state": "CANCELLED", "reason": "out_of_stock"}
    assert "no longer available" in browser.get(path).text
    assert callable(status_of)


def test_a_declined_order_is_paid_with_another_card(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """As long as its cart is open: after that there is neither the button nor a count in the header."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/checkout", "/checkout", payment_method="tok_declined")
    (declined,) = shop.orders.values()
    declined["created_at"] = "2023-11-14T22:00:00.000Z"
    path = f"/orders/{declined['order_id']}"
    assert {"class": "button main", "href": "/checkout"} in browser.page(path).all("a")
    assert "Your cart is kept." in browser.get(path).text
    browser.get(browser.send("/checkout", "/checkout").location)
    page = browser.page(path)
    assert "Payment declined" in page.text("main")
    assert "cart is kept" not in page.text("main")
    assert {"class": "button main", "href": "/checkout"} not in page.all("a")
    assert "piece" not in page.text("header")
    assert "nothing in your cart" in browser.get("/cart").text


@pytest.mark.parametrize("state", ["PAYMENT_UNKNOWN", "CONFIRMED"])
def test_an_open_cart_whose_order_is_another_one_is_not_taken_back(
    browser: Browser, shop: FakeShop, clock: Clock, state: str
) -> None:
    """It was ordered with another card, and its second order is on its way."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart")
    browser.send("/checkout", "/checkout", payment_method="tok_declined")
    (declined,) = shop.orders.values()
    declined["created_at"] = "2023-11-14T22:00:00.000Z"
    path = browser.send("/checkout", "/checkout", payment_method="tok_timeout_after").location
    shop.orders[path.rpartition("/")[2]]["state"] = state
    assert "Your cart is kept." not in browser.get(f"/orders/{declined['order_id']}").text
    assert "nothing in your cart" in browser.get("/cart").text
