"""The cart of guests and customers."""

from urllib.parse import quote

import pytest
from apiflask import APIFlask

from tests.services.storefront.conftest import Browser, new_browser
from tests.services.storefront.fake_shop import FakeShop, problem, product
from tests.services.storefront.html_page import HtmlPage


def lines(page: HtmlPage) -> dict[str, str]:
    """SKU → quantity, as the cart's page shows them."""
    return {
        form.action.rpartition("/")[2]: form.fields["quantity"]
        for form in page.forms
        if form.action.startswith("/cart/")
    }


def test_a_guest_fills_changes_and_empties_a_cart(browser: Browser, shop: FakeShop) -> None:
    """Without an account, without orders; the total is the catalog's."""
    shop.down.add("orders")
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/p/KIT-0001", "/cart", quantity="1")
    browser.send("/p/TOY-0001", "/cart")
    page = browser.page("/cart")
    assert lines(page) == {"KIT-0001": "3", "TOY-0001": "1"}
    assert "€94.69" in page.text("main")
    assert "4 pieces" in page.text("header")
    browser.send("/cart", "/cart/KIT-0001", quantity="5")
    assert lines(browser.page("/cart"))["KIT-0001"] == "5"
    browser.send("/cart", "/cart/KIT-0001", quantity="0")
    browser.send("/cart", "/cart/TOY-0001", action="remove")
    assert "nothing in your cart" in browser.get("/cart").text


def test_a_guests_cart_is_bought_after_signing_in(browser: Browser, shop: FakeShop) -> None:
    """It becomes a cart at orders, with what was put aside."""
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/p/TOY-0001", "/cart")
    assert browser.sign_in(back_to="/checkout").location == "/checkout"
    assert len(shop.carts) == 1
    page = browser.page("/checkout")
    assert "€69.79" in page.text("main")
    assert browser.send("/checkout", "/checkout").location.startswith("/orders/ord_")


def test_nothing_is_lost_where_orders_is_down_at_the_sign_in(browser: Browser, shop: FakeShop) -> None:
    """It stays aside until the cart is looked at."""
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    shop.down.add("orders")
    assert browser.sign_in(back_to="/cart").status_code == 303
    assert browser.get("/cart").status_code == 503
    shop.down.clear()
    assert lines(browser.page("/cart")) == {"KIT-0001": "2"}
    assert lines(browser.page("/cart")) == {"KIT-0001": "2"}


def test_what_is_no_longer_sold_is_said(browser: Browser, shop: FakeShop) -> None:
    """A guest sees it in the line; at the sign-in it is taken out, and said."""
    shop.products["OLD-0001"] = product("OLD-0001", "Old lamp")
    browser.send("/p/OLD-0001", "/cart")
    browser.send("/p/KIT-0001", "/cart")
    del shop.products["OLD-0001"]
    assert "No longer sold" in browser.get("/cart").text
    browser.sign_in()
    page = browser.page("/cart")
    assert "OLD-0001 is no longer sold" in page.text("main")
    assert lines(page) == {"KIT-0001": "1"}


def test_a_customers_cart_is_at_orders(browser: Browser, shop: FakeShop) -> None:
    """Added to, changed and emptied there; each change names the version that it is based on."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/p/KIT-0001", "/cart", quantity="98")
    assert lines(browser.page("/cart")) == {"KIT-0001": "99"}
    browser.send("/cart", "/cart/KIT-0001", quantity="4")
    assert lines(browser.page("/cart")) == {"KIT-0001": "4"}
    assert all("If-Match" in call.headers for call in shop.asked("put_cart_item"))
    assert all(call.headers["Authorization"] == "Bearer access-1" for call in shop.asked("put_cart_item"))
    browser.send("/cart", "/cart/KIT-0001", action="remove")
    assert "nothing in your cart" in browser.get("/cart").text
    assert len(shop.carts) == 1


def test_a_cart_that_was_changed_meanwhile_is_looked_at_again(browser: Browser, shop: FakeShop) -> None:
    """412 once: what the other window put in stays."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart")

    shop.next["put_cart_item"] = [problem(412, "stale_version")]
    browser.send("/p/KIT-0001", "/cart")
    assert lines(browser.page("/cart")) == {"KIT-0001": "2"}


def test_a_cart_that_is_gone_is_replaced(browser: Browser, shop: FakeShop) -> None:
    """Forgotten or ordered elsewhere: an empty page, then a new cart."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart")
    (first,) = shop.carts.values()
    first["state"] = "ORDERED"
    assert "nothing in your cart" in browser.get("/cart").text
    browser.send("/p/TOY-0001", "/cart")
    assert lines(browser.page("/cart")) == {"TOY-0001": "1"}
    shop.carts.clear()
    assert "nothing in your cart" in browser.get("/cart").text


def test_a_full_cart_says_so(app: APIFlask, shop: FakeShop) -> None:
    """A guest's 51st product, a customer's as orders says."""
    for number in range(60):
        shop.products[f"X-{number:04d}"] = product(f"X-{number:04d}")
    guest = new_browser(app)
    form = guest.page("/p/KIT-0001").form("/cart").fields
    for number in range(51):
        guest.client.post("/cart", data=form | {"sku": f"X-{number:04d}"})
    page = guest.page("/cart")
    assert len(lines(page)) == 50
    assert "as many different products as it can" in page.text("main")


def test_an_unknown_product_is_not_put_in(browser: Browser) -> None:
    """404, for whoever changes the form."""
    assert browser.send("/p/KIT-0001", "/cart", sku="NOTHING").status_code == 404
    assert browser.send("/p/KIT-0001", "/cart", sku="../carts").status_code == 404


@pytest.mark.parametrize("sku", ["NOTHING", "Z" * 3000, "<b>x"])
def test_an_unknown_product_is_not_put_into_a_guests_cart_by_its_address(browser: Browser, sku: str) -> None:
    """Where quantities are changed, either: no text of a stranger's choice is kept."""
    browser.send("/p/KIT-0001", "/cart")
    form = browser.page("/cart").form("/cart/KIT-0001").fields | {"quantity": "5"}
    assert browser.client.post(f"/cart/{quote(sku)}", data=form).status_code == 404
    assert lines(browser.page("/cart")) == {"KIT-0001": "1"}


def test_what_is_no_longer_sold_can_be_changed_and_taken_out(browser: Browser, shop: FakeShop) -> None:
    """It is in the cart: the catalog is not asked."""
    browser.send("/p/KIT-0002", "/cart")
    del shop.products["KIT-0002"]
    for quantity in ("2", "0"):
        assert browser.send("/cart", "/cart/KIT-0002", quantity=quantity).status_code == 303
    assert "nothing in your cart" in browser.get("/cart").text


def test_a_notice_is_said_once(browser: Browser) -> None:
    """On the next page, and not on the one after."""
    browser.send("/p/KIT-0001", "/cart")
    assert "Added to your cart." in browser.get("/cart").text
    assert "Added to your cart." not in browser.get("/cart").text
