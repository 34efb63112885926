"""Signing in and out, making an account, setting a password."""

from urllib.parse import quote

import pytest
from apiflask import APIFlask

from services.storefront.domain.local_path import local_path
from tests.services.storefront.conftest import Browser, new_browser
from tests.services.storefront.fake_shop import EMAIL, PASSWORD, FakeShop, problem
from tests.services.storefront.html_page import HtmlPage

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "evil.example",
    "",
    " /cart",
    "/" + "a" * 600,
    "/ä",
]


@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_signing_in_leads_to_no_other_site(browser: Browser, wanted: str) -> None:
    """Neither by the form's field nor by the address."""
    assert browser.sign_in(back_to=wanted).location == "/"
    fresh = new_browser(browser.client.application)  # type: ignore[arg-type]
    assert fresh.send("/login", "/login", next=wanted, email=EMAIL, password=PASSWORD).location == "/"
    assert browser.get(f"/login?next={quote(wanted)}").location == "/"


@pytest.mark.parametrize("wanted", ["/cart", "/orders/ord_1", "/search?q=a%20b&cursor=x", "/c/kitchen#top"])
def test_signing_in_leads_back(browser: Browser, wanted: str) -> None:
    """To the page that asked for it."""
    assert browser.sign_in(back_to=wanted).location == wanted
    assert local_path(wanted) == wanted


def test_the_visitors_address_is_passed_on(browser: Browser, shop: FakeShop) -> None:
    """The users service counts attempts by it."""
    browser.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    browser.sign_in()
    assert shop.asked("login")[0].headers["X-Forwarded-For"] == "203.0.113.9"


def test_a_wrong_password_says_no_more_than_that(browser: Browser, shop: FakeShop) -> None:
    """401, the same for an unknown address; the address stays in the form, the password does not."""
    pages = []
    for email in (EMAIL, "nobody@example.com"):
        response = browser.send("/login", "/login", email=email, password="wrong-password")
        assert response.status_code == 401
        page = HtmlPage(response.text)
        assert page.faults == []
        assert page.form("/login").fields["email"] == email
        assert "wrong-password" not in response.text
        pages.append(page.text("main"))
    assert pages[0] == pages[1]
    assert browser.page("/login").all("form")


def test_too_many_attempts_say_when_to_come_again(browser: Browser, shop: FakeShop) -> None:
    """429 with Retry-After, on the form."""
    form = browser.page("/login")
    shop.limited.add("users")
    response = browser.client.post("/login", data={**form.form("/login").fields, "email": EMAIL, "password": "x"})
    assert (response.status_code, response.headers["Retry-After"]) == (429, "30")
    assert "30 seconds" in response.text


def test_one_address_cannot_ask_without_end(browser: Browser) -> None:
    """The storefront's own limit: a page with 429 and Retry-After."""
    form = browser.page("/login").form("/login").fields
    statuses = [browser.client.post("/login", data=form | {"email": "a", "password": "b"}) for _ in range(70)]
    last = statuses[-1]
    assert (last.status_code, last.mimetype) == (429, "text/html")
    assert int(last.headers["Retry-After"]) >= 1


def test_signing_out_ends_it_everywhere_it_is_known(app: APIFlask, browser: Browser, shop: FakeShop) -> None:
    """Here, in the browser, and at the users service."""
    browser.sign_in()
    old = str(browser.cookie())
    response = browser.send("/", "/logout")
    assert response.status_code == 303
    assert "Max-Age=0" in response.headers["Set-Cookie"]
    assert shop.asked("logout")[0].body == {"refresh_token": "refresh-1"}
    thief = new_browser(app)
    thief.client.set_cookie("__Host-session", old, secure=True)
    assert "Sign out" not in thief.get("/").text


def test_signing_out_needs_nobody_else(browser: Browser, shop: FakeShop) -> None:
    """It works while the users service is down."""
    browser.sign_in()
    shop.down.add("users")
    assert browser.send("/", "/logout").status_code == 303
    assert "Sign in" in browser.get("/").text


def test_registering_says_the_same_whether_the_address_was_free(browser: Browser, shop: FakeShop) -> None:
    """And signs nobody in: that would tell the two apart."""
    response = browser.send("/register", "/register", name="Ada", email=EMAIL, password=PASSWORD)
    assert response.location == "/login"
    assert "If this address was new here" in browser.get("/login").text
    assert shop.asked("register")[0].body == {"name": "Ada", "email": EMAIL, "password": PASSWORD}
    assert shop.asked("login") == []


@pytest.mark.parametrize(("password", "said"), [("password1", "everybody uses"), ("short", "8 to 128")])
def test_what_is_wrong_is_said_at_the_field(browser: Browser, password: str, said: str) -> None:
    """422, a summary that links to the field, and the field says it too."""
    response = browser.send("/register", "/register", name="Ada", email=EMAIL, password=password)
    page = HtmlPage(response.text)
    assert response.status_code == 422
    assert page.faults == []
    assert response.text.count(said) == 2
    assert {"href": "#password"} in page.all("a")
    field = next(each for each in page.all("input") if each.get("id") == "password")
    assert field["aria-invalid"] == "true"
    assert "password-fault" in field["aria-describedby"]
    assert f'value="{password}"' not in response.text


def test_asking_for_a_link_says_the_same_always(browser: Browser, shop: FakeShop) -> None:
    """For any address, and for what is none."""
    said = set()
    for email in (EMAIL, "nobody@example.com", "no address"):
        assert browser.send("/password-reset", "/password-reset", email=email).location == "/password-reset"
        said.add(browser.page("/password-reset").text("main"))
    assert len(said) == 1


def test_a_link_sets_a_password_once(browser: Browser, shop: FakeShop) -> None:
    """A good one leads to signing in; a used or made-up one is a page that says so."""
    response = browser.send("/password-reset/good", "/password-reset/good", new_password="a new long password")
    assert response.location == "/login"
    assert browser.sign_in(password="a new long password").status_code == 303
    fresh = new_browser(browser.client.application)  # type: ignore[arg-type]
    refused = fresh.send("/password-reset/bad", "/password-reset/bad", new_password="a new long password")
    assert refused.status_code == 400
    assert "does not work any more" in refused.text


def test_changing_the_password_ends_every_other_session(app: APIFlask, shop: FakeShop) -> None:
    """This one goes on, under a new id."""
    here, there = new_browser(app), new_browser(app)
    here.sign_in()
    there.sign_in()
    before = here.cookie()
    response = here.send("/account", "/account/password", current_password=PASSWORD, new_password="another long one")
    assert response.location == "/account"
    assert here.cookie() != before
    assert "Sign out" in here.get("/account").text
    assert "Sign out" not in there.get("/").text


def test_a_wrong_current_password_is_said_at_its_field(browser: Browser) -> None:
    """422, and nothing has changed."""
    browser.sign_in()
    response = browser.send("/account", "/account/password", current_password="x", new_password="another long one")
    assert response.status_code == 422
    assert "This is not your password." in response.text
    assert HtmlPage(response.text).faults == []


def test_a_new_name_shows(browser: Browser, shop: FakeShop) -> None:
    """It is sent on; an empty one is refused at its field."""
    browser.sign_in()
    assert browser.send("/account", "/account/name", name=" Countess ").location == "/account"
    assert shop.asked("update_me")[0].body == {"name": "Countess"}
    assert browser.send("/account", "/account/name", name="").status_code == 422


def test_signing_out_everywhere_ends_all_sessions(app: APIFlask, shop: FakeShop) -> None:
    """The users service is told of each."""
    here, there = new_browser(app), new_browser(app)
    here.sign_in()
    there.sign_in()
    assert here.send("/account", "/account/sign-out-everywhere").location == "/login"
    assert "signed out on every device" in here.get("/login").text
    for browser in (here, there):
        assert "Sign out" not in browser.get("/").text
    assert len(shop.asked("logout")) == 2


@pytest.mark.parametrize("operation", ["list_orders", "get_me"])
def test_a_token_that_a_service_refuses_leads_to_the_sign_in(browser: Browser, shop: FakeShop, operation: str) -> None:
    """Though it looks good here: the form, and not back to the page that led there, without end."""
    browser.sign_in()
    shop.next[operation] = [problem(401, "invalid_token")]
    path = "/orders" if operation == "list_orders" else "/account"
    response = browser.get(path)
    assert response.location == f"/login?next={path}"
    assert browser.page(response.location).form("/login").fields["next"] == path
    assert browser.sign_in(back_to=path).location == path
    assert browser.get(path).status_code == 200


def test_what_is_for_customers_asks_to_sign_in(browser: Browser) -> None:
    """And comes back to the page, its query included; for a form that was lost, to the page that it belongs to."""
    assert browser.get("/orders/ord_1").location == "/login?next=/orders/ord_1"
    status = "/checkout/status?cart=cart_" + "0" * 32
    assert browser.get(status).location == f"/login?next={quote(status)}"
    assert browser.sign_in(back_to=status).location == status
    browser.send("/", "/logout")
    assert browser.get("/orders?cursor=" + "a" * 600).location == "/login?next=/orders"
    token = browser.page("/login").form("/login").fields["form_token"]
    response = browser.client.post("/orders/ord_1/cancel", data={"form_token": token, "key": "k" * 20})
    assert response.location == "/login?next=/orders"
