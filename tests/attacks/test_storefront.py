"""The pages, through the front door: forms from elsewhere, names that are scripts, others' orders, sessions."""

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from local.shop_run import ShopRun
from tests.attacks.good_requests import filled, ids
from tests.attacks.route_map import routes_of
from tests.attacks.route_table import PAGES, SESSION, WITH_PAGES
from tests.attacks.shopping import SKU
from tests.attacks.visitor import PASSWORD, TOKEN, Visitor, account, signed_in
from tests.services.storefront.html_page import HtmlPage

CSRF = "CSRF"
XSS = "stored XSS"
CORS = "CORS"
SESSIONS = "session fixation, and what is left after signing out"
FOREIGN = "another user's order on every id route (generated from the route map)"
DENY = "admin routes as a customer, deny by default"
EVIL = "https://evil.example"
# Those of programs; each has its own check, and no form.
NO_FORMS = ("/rum", "/internal/faults")
FORMS = [
    path
    for method, path in (route.split(" ", 1) for route in PAGES)
    if method == "POST" and not path.startswith(NO_FORMS)
]
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7 * 191 }}",
)


def place(path: str, **known: str) -> str:
    """*path* with ids that name nothing."""
    return filled(path, ids(category="kitchen", token="A" * 43, name="shop.css", **known))


def assert_harmless(text: str) -> None:
    """As a browser reads it: no element and no attribute that runs anything of the visitor's."""
    page = HtmlPage(text)
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), attributes
        links = [attributes.get(name, "") for name in ("href", "src", "action", "formaction")]
        assert not any(link.strip().lower().startswith("javascript:") for link in links), attributes
        assert tag != "script" or attributes.get("src", "").startswith("/static/"), attributes
        assert tag != "img" or attributes.get("src") != "x"
    assert "1337" not in page.text("main")


@pytest.mark.attack(DENY)
def test_every_page_is_in_the_table(door_shop: ShopRun, tmp_path: Path) -> None:
    """A new page that nobody has thought about. It fails this test until the table says who may see it."""
    found = {f"{route.method} {route.path}" for route in routes_of(door_shop, tmp_path, WITH_PAGES)}
    found -= {"GET /api/openapi.json"}
    assert found == PAGES.keys() - {"GET /api/openapi.json"}


@pytest.mark.attack(DENY)
@pytest.mark.parametrize("route", [route for route in PAGES if route.startswith("GET")])
def test_a_page_is_open_as_the_table_says(door_shop: ShopRun, route: str) -> None:
    """Each page as somebody unknown. Those of a customer lead to the sign-in, and show nothing."""
    path = place(route.partition(" ")[2])
    if path.startswith(("/livez", "/readyz", "/metrics", "/internal")):
        assert Visitor(door_shop.url).ask(path).status == 404
        return
    answer = Visitor(door_shop.url).ask(path)
    if PAGES[route] == SESSION:
        assert answer.status in (302, 303)
        assert answer.headers["location"].startswith("/login")
    else:
        assert answer.status in (200, 404)


@pytest.fixture(scope="module")
def victim(door_shop: ShopRun) -> Visitor:
    """A customer who is signed in."""
    return signed_in(door_shop.url)


@pytest.mark.attack(CSRF)
@pytest.mark.parametrize("path", FORMS)
def test_a_form_from_elsewhere(door_shop: ShopRun, victim: Visitor, path: str) -> None:
    """Each form of each page with a customer's cookie: without a token, with another's, from another site. 403.

    That of signing in comes anew where its token is not the visitor's: it does nothing, and is no page of errors.
    """
    own, foreign = victim.token("/account"), Visitor(door_shop.url).token()
    assert own != foreign
    for fields, headers in (
        ({}, {}),
        ({TOKEN: ""}, {}),
        ({TOKEN: foreign}, {}),
        ({TOKEN: own[:-1]}, {}),
        ({TOKEN: own}, {"Origin": EVIL}),
        ({TOKEN: own}, {"Origin": "null"}),
        ({TOKEN: own}, {"Sec-Fetch-Site": "cross-site"}),
        ({TOKEN: own}, {"Sec-Fetch-Site": "same-site"}),
    ):
        answer = victim.post(place(path), {"password": PASSWORD, "quantity": "1", **fields}, headers)
        comes_anew = path == "/login" and not headers
        assert answer.status == (303 if comes_anew else 403), f"{fields}, {headers}"
        assert "set-cookie" not in answer.headers
    assert victim.ask("/account").status == 200


@pytest.mark.attack(CSRF)
@pytest.mark.parametrize("path", [each for each in FORMS if f"GET {each}" not in PAGES])
def test_a_picture_of_a_form(victim: Visitor, path: str) -> None:
    """What only forms do, asked for as a picture is. 404 or 405, and the customer is still signed in."""
    assert victim.ask(f"{place(path)}?quantity=1").status in (404, 405)
    assert victim.ask("/account").status == 200


@pytest.mark.attack(CSRF)
@pytest.mark.parametrize("kind", ["text/plain", "application/json", "multipart/form-data; boundary=x", ""])
def test_a_form_of_another_type(victim: Visitor, kind: str) -> None:
    """A good token in a body that is no form, as other sites may send it without being asked. 415 or 403."""
    body = f"{TOKEN}={victim.token('/account')}&name=Mallory".encode()
    assert victim.ask("/account/name", "POST", body, {"Content-Type": kind}).status in (403, 415)


@pytest.mark.attack(CSRF)
def test_the_cookie(door_shop: ShopRun) -> None:
    """The session's cookie. Scripts cannot read it, other sites' forms do not bring it, and it is for this host."""
    visitor = Visitor(door_shop.url)
    answer = visitor.ask("/login")
    said = {each.strip().lower() for each in answer.headers["set-cookie"].split(";")}
    assert {"httponly", "samesite=lax", "path=/"} <= said
    assert not any(each.startswith("domain=") for each in said)


@pytest.mark.attack(CSRF)
def test_no_token_of_a_session_opens_the_api(victim: Visitor) -> None:
    """The session's cookie at the API, which other sites may make a browser send. 401: it takes bearers alone."""
    for path in ("/api/v1/orders", "/api/v1/users/me"):
        assert victim.ask(path).status == 401


@pytest.mark.attack(XSS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_name_that_is_a_script(door_shop: ShopRun, script: str) -> None:
    """A script as a customer's name, as what is searched for, and as an address. Shown as text on each page."""
    visitor = signed_in(door_shop.url, script)
    shown = visitor.ask("/account").body.decode()
    assert_harmless(shown)
    assert script in [each.get("value") for each in HtmlPage(shown).all("input")]
    for path in ("/", "/cart", "/orders", "/checkout"):
        assert_harmless(visitor.ask(path).body.decode())
    stranger = Visitor(door_shop.url)
    fields = {TOKEN: stranger.token(), "email": script, "password": script, "name": script, "next": script}
    for action in ("/login", "/register"):
        answer = stranger.post(action, fields)
        assert answer.status == 422
        assert_harmless(answer.body.decode())


@pytest.mark.attack(XSS)
@pytest.mark.parametrize("script", SCRIPTS)
def test_an_address_that_is_a_script(door_shop: ShopRun, script: str) -> None:
    """A script in each place of an address that a link may bring. Shown as text, or not at all."""
    visitor = Visitor(door_shop.url)
    written = quote(script, safe="")
    for path in (f"/search?q={written}", f"/c/{written}", f"/p/{written}", f"/login?next={written}", f"/{written}"):
        answer = visitor.ask(path)
        assert answer.status in (200, 400, 404, 422), path
        assert_harmless(answer.body.decode())


@pytest.mark.attack(XSS)
@pytest.mark.parametrize("path", ["/", "/login", "/search?q=a", "/nothing", "/api/docs"])
def test_no_page_runs_what_stands_in_it(door_shop: ShopRun, path: str) -> None:
    """The policy of each kind of page, should a script get in all the same. It runs our own files alone."""
    policy = Visitor(door_shop.url).ask(path).headers["content-security-policy"]
    rules = {name: set(values) for name, *values in (rule.split() for rule in policy.split(";") if rule.strip())}
    scripts = rules.get("script-src", rules["default-src"])
    assert scripts <= {"'self'", "'none'"}
    assert rules.get("object-src", rules["default-src"]) == {"'none'"}
    assert rules["base-uri"] <= {"'self'", "'none'"}
    assert rules["form-action"] <= {"'self'", "'none'"}


@pytest.mark.attack("clickjacking")
@pytest.mark.parametrize("path", ["/", "/login", "/cart", "/nothing", "/api/docs", "/api/v1/products"])
def test_no_page_is_shown_in_anothers(door_shop: ShopRun, path: str) -> None:
    """Pages of ours in a frame of another site. Browsers are told not to show them there."""
    headers = Visitor(door_shop.url).ask(path).headers
    framed = "frame-ancestors 'none'" in headers.get("content-security-policy", "")
    assert framed or headers.get("x-frame-options") == "DENY" or path.startswith("/api/v1")


@pytest.mark.attack(CORS)
@pytest.mark.parametrize(
    "path", ["/", "/account", "/rum", "/api/v1/products", "/api/v1/users/me", "/api/v1/auth/login"]
)
def test_no_other_site_reads_through_the_door(door_shop: ShopRun, victim: Visitor, path: str) -> None:
    """A preflight, and a request, of another site's page. No answer allows it."""
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    for method in ("OPTIONS", "GET", "POST"):
        answer = victim.ask(path, method, headers=asked)
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


def ordered(url: str) -> tuple[str, str]:
    """(e-mail address, order id) of a customer who has bought something."""
    email, visitor = account(url), Visitor(url)
    token = visitor.call("/api/v1/auth/login", {"email": email, "password": PASSWORD}).json()["access_token"]
    cart = visitor.call("/api/v1/carts", {}, token=token).json()["cart_id"]
    assert visitor.call(f"/api/v1/carts/{cart}/items/{SKU}", {"quantity": 1}, "PUT", token=token).status == 200
    body = {"cart_id": cart, "payment_method": "tok_visa"}
    answer = visitor.call("/api/v1/orders", body, token=token)
    assert answer.status == 201, answer.body
    order: Any = answer.json()
    return email, order["order_id"]


@pytest.mark.attack(FOREIGN)
def test_anothers_order_page(door_shop: ShopRun) -> None:
    """Another customer's order, on each page with its id. The page of one that is not there, and nothing changes."""
    email, order_id = ordered(door_shop.url)
    owner, mallory = Visitor(door_shop.url), signed_in(door_shop.url)
    assert owner.sign_in(email).status in (302, 303)
    before = HtmlPage(owner.ask(f"/orders/{order_id}").body.decode()).text("main")
    for route in PAGES:
        method, _, path = route.partition(" ")
        if "{order_id}" not in path:
            continue
        for known in (order_id, f"ord_{uuid.uuid4().hex}"):
            fields = {TOKEN: mallory.token("/account"), "key": uuid.uuid4().hex}
            at = place(path, order_id=known)
            assert (mallory.ask(at) if method == "GET" else mallory.post(at, fields)).status == 404, route
    assert order_id not in mallory.ask("/orders").body.decode()
    assert HtmlPage(owner.ask(f"/orders/{order_id}").body.decode()).text("main") == before


@pytest.mark.attack(SESSIONS)
def test_a_session_that_somebody_else_began(door_shop: ShopRun) -> None:
    """A cookie that an attacker has planted before its victim signs in. Signing in gives another."""
    planted = Visitor(door_shop.url)
    planted.token()
    victim = Visitor(door_shop.url, dict(planted.cookies))
    assert victim.sign_in(account(door_shop.url)).status in (302, 303)
    assert victim.cookies != planted.cookies
    assert victim.ask("/account").status == 200
    assert planted.ask("/account").status in (302, 303)


@pytest.mark.attack(SESSIONS)
def test_a_session_after_its_end(door_shop: ShopRun) -> None:
    """The cookie of somebody who has signed out since. It opens nothing, and no cache has kept what it opened."""
    victim = signed_in(door_shop.url)
    stolen = Visitor(door_shop.url, dict(victim.cookies))
    shown = stolen.ask("/account")
    assert (shown.status, shown.headers["cache-control"]) == (200, "no-store")
    assert victim.post("/logout", {TOKEN: victim.token("/account")}).status in (302, 303)
    assert stolen.ask("/account").status in (302, 303)


@pytest.mark.attack("open redirect")
@pytest.mark.parametrize(
    "wanted",
    [
        EVIL,
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https:evil.example",
        "/%09/evil.example",
        "\t//evil.example",
    ],
)
def test_signing_in_leads_nowhere_else(door_shop: ShopRun, wanted: str) -> None:
    """Another site as the page to go to after signing in. It goes to one of our own."""
    visitor = Visitor(door_shop.url)
    token = visitor.token()
    fields = {TOKEN: token, "email": account(door_shop.url), "password": PASSWORD, "next": wanted}
    answer = visitor.post("/login", fields)
    assert answer.status in (302, 303)
    there = answer.headers["location"]
    assert there.startswith("/"), there
    assert not there.startswith(("//", "/\\")), there
