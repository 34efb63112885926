"""A customer's cart is theirs: it is there again however they come back."""

from collections.abc import Callable

import pytest
from apiflask import APIFlask

from services.shared.outbound import Reply
from tests.services.storefront.conftest import Browser, Clock, new_browser
from tests.services.storefront.fake_shop import PASSWORD, FakeShop, problem
from tests.services.storefront.test_cart import lines

NEW = "another long one"


@pytest.fixture
def owner(browser: Browser) -> Browser:
    """A customer with two milk pans in the cart."""
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    return browser


def change_password(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """Which ends all sign-ins and begins a new one."""
    fields = {"current_password": PASSWORD, "new_password": NEW}
    assert browser.send("/account", "/account/password", **fields).location == "/account"


def change_password_only(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """The new sign-in fails, and is made by hand."""
    shop.next["login"] = [problem(401, "invalid_credentials")]
    fields = {"current_password": PASSWORD, "new_password": NEW}
    assert browser.send("/account", "/account/password", **fields).location == "/login"
    assert "Sign out" not in browser.get("/").text
    browser.sign_in(password=NEW)


def sign_out_and_in(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """As somebody does on the way."""
    browser.send("/", "/logout")
    browser.sign_in()


def sign_out_everywhere(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """And in again, here."""
    browser.send("/account", "/account/sign-out-everywhere")
    browser.sign_in()


def expire(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """The sign-in has ended while they were away."""
    clock.now += 3600
    shop.good_refresh.clear()
    assert browser.get("/orders").location == "/login?next=/orders"
    browser.sign_in()


def lose_the_cookie(browser: Browser, shop: FakeShop, clock: Clock) -> None:
    """As on another device."""
    browser.client.delete_cookie("__Host-session")
    browser.sign_in()


@pytest.mark.parametrize(
    "act", [change_password, change_password_only, sign_out_and_in, sign_out_everywhere, expire, lose_the_cookie]
)
def test_a_cart_outlives_what_customers_do(
    owner: Browser, shop: FakeShop, clock: Clock, act: Callable[[Browser, FakeShop, Clock], None]
) -> None:
    """The very same cart, counted in the header of the next page, ready to be ordered."""
    act(owner, shop, clock)
    assert "2 pieces" in owner.page("/").text("header")
    assert lines(owner.page("/cart")) == {"KIT-0001": "2"}
    assert len(shop.carts) == 1
    assert owner.send("/checkout", "/checkout").location.startswith("/orders/ord_")


@pytest.mark.parametrize("act", [change_password, change_password_only, expire])
def test_here_it_is_the_cart_that_was_here(
    owner: Browser, shop: FakeShop, clock: Clock, act: Callable[[Browser, FakeShop, Clock], None]
) -> None:
    """Although another one was changed later, elsewhere."""
    shop.carts["cart_" + "e" * 32] = {"state": "OPEN", "version": 1, "lines": {}}
    act(owner, shop, clock)
    assert lines(owner.page("/cart")) == {"KIT-0001": "2"}


def test_a_guests_cart_joins_the_one_from_before(owner: Browser, shop: FakeShop) -> None:
    """Both are in it, and that is said: the total is more than the guest has seen."""
    owner.send("/", "/logout")
    owner.send("/p/TOY-0001", "/cart")
    owner.send("/p/KIT-0001", "/cart")
    owner.sign_in()
    page = owner.page("/cart")
    assert lines(page) == {"KIT-0001": "3", "TOY-0001": "1"}
    assert "when you were here before is in it, too" in page.text("main")
    assert len(shop.carts) == 1


@pytest.mark.parametrize(
    "refusal", [problem(409, "cart_busy"), problem(409, "cart_ordered"), problem(404, "cart_not_found")]
)
def test_nothing_is_lost_where_the_cart_is_in_other_hands_at_the_sign_in(
    browser: Browser, shop: FakeShop, refusal: Reply
) -> None:
    """Ordered, changed or thrown away elsewhere at this very moment: the next look puts all of it in."""
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/p/TOY-0001", "/cart")
    shop.next["put_cart_item"] = [refusal]
    browser.sign_in()
    page = browser.page("/cart")
    assert lines(page) == {"KIT-0001": "2", "TOY-0001": "1"}
    assert "no longer sold" not in page.text("main")
    assert "did not fit" not in page.text("main")


def test_where_orders_is_down_at_the_sign_in_the_cart_is_found_later(owner: Browser, shop: FakeShop) -> None:
    """When it is looked at, or something is put into it."""
    for look in ("/cart", "/p/TOY-0001"):
        owner.send("/", "/logout")
        shop.down.add("orders")
        owner.sign_in()
        shop.down.clear()
        if look != "/cart":
            owner.send(look, "/cart")
        assert lines(owner.page("/cart"))["KIT-0001"] == "2"
    assert len(shop.carts) == 1


def test_orders_is_asked_once_which_cart_it_is(app: APIFlask, owner: Browser, shop: FakeShop) -> None:
    """So that no other one turns up after that is bought."""
    (other,) = shop.carts
    shop.carts["cart_" + "e" * 32] = {"state": "OPEN", "version": 1, "lines": dict(shop.carts[other]["lines"])}
    there = new_browser(app)
    there.sign_in()
    there.get(there.send("/checkout", "/checkout").location)
    shop.calls.clear()
    assert "nothing in your cart" in there.get("/cart").text
    assert shop.asked("list_carts") == []
    assert lines(owner.page("/cart")) == {"KIT-0001": "2"}


def test_a_cart_in_payment_does_not_come_back(owner: Browser, shop: FakeShop) -> None:
    """What is put into it would be lost once its order is confirmed."""
    owner.send("/checkout", "/checkout", payment_method="tok_timeout_after")
    owner.send("/", "/logout")
    owner.sign_in()
    assert "nothing in your cart" in owner.get("/cart").text


def test_somebody_elses_cart_is_not_taken_over(owner: Browser, shop: FakeShop, clock: Clock) -> None:
    """Who signs in after an expired customer in the same browser: orders knows no such cart of theirs."""
    clock.now += 3600
    shop.good_refresh.clear()
    owner.get("/orders")
    shop.carts.clear()
    owner.sign_in()
    assert "nothing in your cart" in owner.get("/cart").text
    owner.send("/p/TOY-0001", "/cart")
    assert lines(owner.page("/cart")) == {"TOY-0001": "1"}
