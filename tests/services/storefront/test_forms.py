"""Forms are taken from our own pages alone, once they prove that they were made for this session."""

import io

import pytest
from apiflask import APIFlask

from tests.services.storefront.conftest import Browser, new_browser
from tests.services.storefront.fake_shop import EMAIL, PASSWORD, FakeShop
from tests.services.storefront.test_pages import path_of, routes

OWN = {"Origin": "https://localhost", "Sec-Fetch-Site": "same-origin"}


def posts(app: APIFlask) -> list[str]:
    """The routes that take forms."""
    return [rule for method, rule in routes(app, of="pages.") if method == "POST"]


def test_only_get_and_post_are_known(app: APIFlask) -> None:
    """So no other method can go past the checks of forms."""
    assert {method for method, _ in routes(app, of="pages.")} == {"GET", "POST"}
    assert len(posts(app)) > 9


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ä"])
def test_no_form_is_taken_without_the_sessions_token(app: APIFlask, shop: FakeShop, token: str | None) -> None:
    """Missing, empty, guessed: 403 on every route but the sign-in, and no service is asked."""
    browser = new_browser(app)
    browser.sign_in()
    shop.calls.clear()
    for rule in set(posts(app)) - {"/login"}:
        data = {"quantity": "1", "sku": "KIT-0001"} | ({} if token is None else {"form_token": token})
        response = browser.client.post(path_of(rule, order_id="ord_1"), data=data)
        assert (response.status_code, response.mimetype) == (403, "text/html"), rule
    assert shop.calls == []


@pytest.mark.parametrize("token", [None, "", "0" * 64, "ä"])
def test_a_form_of_signing_in_that_is_out_of_date_comes_anew(
    app: APIFlask, browser: Browser, shop: FakeShop, token: str | None
) -> None:
    """Nobody is signed in by it, nor is a cookie set; whoever is signed in already goes where they were going."""
    data = {"email": EMAIL, "password": PASSWORD, "next": "/orders?cursor=x"}
    data |= {} if token is None else {"form_token": token}
    response = browser.client.post("/login", data=data)
    assert (response.status_code, response.location) == (303, "/login?next=/orders%3Fcursor%3Dx")
    assert "Set-Cookie" not in response.headers
    assert shop.calls == []
    assert browser.page(response.location).form("/login").fields["next"] == "/orders?cursor=x"
    assert browser.client.post("/login", data=data | {"next": "//evil.example"}).location == "/login?next=/"
    browser.sign_in()
    assert browser.get(browser.client.post("/login", data=data).location).location == "/orders?cursor=x"


def test_a_second_click_on_signing_in_is_no_error(app: APIFlask, browser: Browser, shop: FakeShop) -> None:
    """The first answer was not waited for, so its cookie is unknown: signed in, with what was put aside, once."""
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    before = str(browser.cookie())
    form = browser.page("/login?next=/cart").form("/login").fields | {"email": EMAIL, "password": PASSWORD}
    assert browser.client.post("/login", data=form).location == "/cart"
    impatient = new_browser(app)
    impatient.client.set_cookie("__Host-session", before, secure=True)
    assert impatient.client.post("/login", data=form).location == "/cart"
    page = impatient.page("/cart")
    assert "Sign out" in page.text("header")
    assert "€49.80" in page.text("main")


def test_another_sessions_token_is_worth_nothing(app: APIFlask) -> None:
    """Nor is one from before signing in, which is another session."""
    victim, attacker = new_browser(app), new_browser(app)
    theirs = attacker.page("/login").form("/login").fields["form_token"]
    before = victim.page("/login").form("/login").fields["form_token"]
    assert theirs != before
    victim.sign_in()
    for token in (theirs, before):
        response = victim.client.post("/logout", data={"form_token": token})
        assert response.status_code == 403
    assert "Sign out" in victim.get("/").text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "https://localhost.evil.example"},
        {"Origin": "null"},
        {"Origin": "https://localhost:8443"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_a_form_from_elsewhere_is_refused_even_with_the_token(
    app: APIFlask, browser: Browser, headers: dict[str, str]
) -> None:
    """Browsers say where it comes from; 403 on every route, `/rum` included."""
    token = browser.page("/login").form("/login").fields["form_token"]
    for rule in posts(app):
        response = browser.client.post(path_of(rule, order_id="ord_1"), data={"form_token": token}, headers=headers)
        assert response.status_code == 403, rule
    assert browser.client.post("/rum", json={"page": "/"}, headers=headers).status_code == 403


def test_our_own_forms_are_taken(browser: Browser) -> None:
    """With the headers that browsers send, and without, as old ones do."""
    for headers in (OWN, {}, {"Sec-Fetch-Site": "none"}):
        assert browser.send("/p/KIT-0001", "/cart", headers=headers).status_code == 303


@pytest.mark.parametrize("content_type", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_other_types_are_no_forms(browser: Browser, content_type: str) -> None:
    """415: what a page of another site can send without asking is no way in."""
    token = browser.page("/login").form("/login").fields["form_token"]
    response = browser.client.post("/cart", data=f"form_token={token}", content_type=content_type)
    assert response.status_code == 415


def test_a_long_form_is_refused_however_it_is_sent(browser: Browser) -> None:
    """413 above 64 KiB, with its length announced or in chunks."""
    token = browser.page("/login").form("/login").fields["form_token"]
    body = f"form_token={token}&sku={'A' * 70_000}".encode()
    form = "application/x-www-form-urlencoded"
    assert browser.client.post("/cart", data=body, content_type=form).status_code == 413
    chunked = browser.client.post(
        "/cart",
        input_stream=io.BytesIO(body),
        content_type=form,
        environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
    )
    assert chunked.status_code == 413


@pytest.mark.parametrize("quantity", ["-1", "0", "1.5", "100", "1e3", "", "x", "9" * 40, "٣", " "])
def test_a_strange_quantity_is_refused(browser: Browser, shop: FakeShop, quantity: str) -> None:
    """400, and nothing is put in the cart."""
    assert browser.send("/p/KIT-0001", "/cart", quantity=quantity).status_code == 400
    assert "nothing in your cart" in browser.get("/cart").text


def test_a_text_too_long_or_with_a_zero_is_refused(browser: Browser, shop: FakeShop) -> None:
    """Before any service is asked."""
    for email in ("a" * 600, "a\0b"):
        assert browser.send("/login", "/login", email=email, password="x").status_code == 400
    assert shop.asked("login") == []
    assert EMAIL not in browser.get("/login").text
