"""Every page of the storefront: sound, strict, and honest when something behind it fails."""

import re

import pytest
from apiflask import APIFlask
from prometheus_client import CollectorRegistry, generate_latest

from services.shared.database import Database
from services.shared.errors import DatabaseUnavailable
from tests.services.storefront.conftest import Browser, new_browser
from tests.services.storefront.fake_shop import FakeShop, product
from tests.services.storefront.html_page import HtmlPage

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
EXAMPLES = {"category": "kitchen", "sku": "KIT-0001", "token": "good", "name": "shop.css"}
SIGNED_IN = {"/account", "/checkout", "/checkout/status", "/orders", "/orders/<order_id>"}


def routes(app: APIFlask, *, of: str = "") -> list[tuple[str, str]]:
    """(method, rule) of all that the application answers."""
    return sorted(
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.endpoint.startswith(of)
    )


def path_of(rule: str, **more: str) -> str:
    """An address that *rule* matches."""
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: {**EXAMPLES, **more}[found[1]], rule)


def buyer(app: APIFlask) -> tuple[Browser, dict[str, str]]:
    """Somebody who is signed in, has something in the cart, and an order."""
    browser = new_browser(app)
    browser.sign_in()
    browser.send("/p/KIT-0001", "/cart", quantity="2")
    browser.send("/checkout", "/checkout")
    order_id = browser.page("/orders").all("a")
    found = next(each["href"] for each in order_id if each.get("href", "").startswith("/orders/ord_"))
    browser.send("/p/TOY-0001", "/cart")
    return browser, {"order_id": found.rpartition("/")[2]}


def test_every_page_is_sound(app: APIFlask) -> None:
    """A title, one h1, labels, unique ids, no script inside: each page of the route map, for guests and customers."""
    browser, more = buyer(app)
    guest = new_browser(app)
    rules = [rule for method, rule in routes(app, of="pages.") if method == "GET"]
    assert len(rules) > 12
    for rule in rules:
        for visitor in (browser, guest):
            response = visitor.get(path_of(rule, **more))
            if rule in SIGNED_IN and visitor is guest:
                assert (response.status_code, response.location[:12]) == (303, "/login?next="), rule
            elif rule == "/checkout/status":
                assert response.status_code == 404, "without a cart there is nothing to look up"
            elif response.status_code == 303:
                assert (rule, visitor) == ("/login", browser)
            else:
                assert (response.status_code, response.mimetype) == (200, "text/html"), rule
                assert HtmlPage(response.text).faults == [], rule


def test_titles_tell_pages_apart(app: APIFlask) -> None:
    """No two pages have one title."""
    browser, more = buyer(app)
    paths = ["/", "/search", "/search?q=pan", "/c/kitchen", "/p/KIT-0001", "/cart", "/checkout", "/orders", "/account"]
    titles = [browser.page(path).text("title") for path in paths]
    titles += [new_browser(app).page(path).text("title") for path in ("/login", "/register", "/password-reset")]
    titles.append(browser.page(path_of("/orders/<order_id>", **more)).text("title"))
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"])
def test_every_answer_has_strict_headers(app: APIFlask, method: str) -> None:
    """Whatever is asked of whichever route, refusals and unknown addresses included."""
    browser = new_browser(app)
    for _, rule in [*routes(app), ("GET", "/no/such/page")]:
        response = browser.client.open(path_of(rule, order_id="ord_1"), method=method)
        headers = response.headers
        loose = rule == "/api/docs" and response.status_code == 200
        wanted = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'") if loose else CSP
        assert headers["Content-Security-Policy"] == wanted, rule
        assert headers["Referrer-Policy"] == "same-origin"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in headers["Permissions-Policy"]
        assert not [name for name, _ in headers if name.lower().startswith("access-control-")]
        assert "http:" not in headers["Content-Security-Policy"]


def test_errors_are_pages_for_people_and_problems_for_programs(browser: Browser) -> None:
    """By the address; the reference of a page is the request's id."""
    page = browser.get("/nothing/here", headers={"X-Request-Id": "abc-1"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Reference abc-1" in page.text
    assert HtmlPage(page.text).faults == []
    for path in ("/api/v1/nothing", "/api/docs/assets/nothing.js"):
        problem = browser.get(path)
        assert (problem.status_code, problem.mimetype) == (404, "application/problem+json")
    assert browser.client.put("/").mimetype == "text/html"
    assert "GET" in browser.client.put("/").headers["Allow"]


def test_names_are_shown_never_run(app: APIFlask, shop: FakeShop) -> None:
    """What staff, a customer or a visitor has written is text, on every page that shows it."""
    bad = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    shop.products["KIT-0001"] = product("KIT-0001", bad)
    browser, more = buyer(app)
    browser.send("/p/KIT-0001", "/cart")
    paths = ["/", "/c/kitchen", "/p/KIT-0001", "/cart", "/checkout", f"/orders/{more['order_id']}"]
    paths += [f"/search?q={each}" for each in ("%3Cscript%3E", "%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")]
    for path in paths:
        response = browser.get(path)
        assert not re.search("<script>alert|<img src=x", response.text), path
        assert HtmlPage(response.text).faults == [], path
    assert bad in browser.page("/p/KIT-0001").text("h1")


def test_a_list_goes_on_where_the_page_before_ended(browser: Browser, shop: FakeShop) -> None:
    """A category of 30 has a second page, which leads back to the first."""
    first = browser.page("/c/kitchen")
    following = next(each["href"] for each in first.all("a") if each.get("rel") == "next")
    second = browser.page(following)
    skus = [
        {each["href"] for each in page.all("a") if each.get("href", "").startswith("/p/")} for page in (first, second)
    ]
    assert (len(skus[0]), len(skus[1])) == (24, 6)
    assert not skus[0] & skus[1]
    assert not [each for each in second.all("a") if each.get("rel") == "next"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/nothing", 404),
        ("/c/probe", 404),
        ("/p/NOTHING", 404),
        ("/p/..%2fcategories", 404),
        ("/c/kitchen?cursor=wrong", 400),
        ("/c/kitchen?cursor=%0d%0a", 400),
        ("/search?q=!!", 200),
        ("/search?q=" + "a" * 5000, 200),
        ("/search?q=%00", 200),
    ],
)
def test_strange_addresses_are_answered_plainly(browser: Browser, path: str, status: int) -> None:
    """None is an error of ours."""
    response = browser.get(path)
    assert response.status_code == status
    assert HtmlPage(response.text).faults == []


def test_probes_products_are_not_come_across(browser: Browser) -> None:
    """Their category is on no page."""
    assert "/c/probe" not in browser.get("/").text


def test_without_the_catalog_the_shop_says_when_to_come_again(browser: Browser, shop: FakeShop) -> None:
    """503 with Retry-After, as a sound page; nothing of the inside."""
    shop.down.add("catalog")
    for path in ("/", "/c/kitchen", "/search?q=pan", "/p/KIT-0001"):
        response = browser.get(path)
        assert (response.status_code, response.headers["Retry-After"]) == (503, "7")
        assert HtmlPage(response.text).faults == []
        assert "catalog is down" not in response.text
    assert browser.get("/login").status_code == 200


def test_without_orders_and_users_one_can_still_look_around(app: APIFlask, shop: FakeShop) -> None:
    """Browsing and a guest's cart need neither; what does says so."""
    signed_in, _ = buyer(app)
    shop.down |= {"orders", "users", "inventory"}
    guest = new_browser(app)
    assert guest.send("/p/KIT-0001", "/cart").status_code == 303
    for path in ("/", "/c/kitchen", "/search?q=pan", "/p/KIT-0001", "/cart"):
        assert guest.get(path).status_code == 200, path
    for path in ("/", "/p/KIT-0001"):
        assert signed_in.get(path).status_code == 200, path
    for path, word in (("/orders", "Carts and orders"), ("/cart", "Carts and orders"), ("/account", "Accounts")):
        response = signed_in.get(path)
        assert response.status_code == 503
        assert word in response.text
    response = guest.sign_in()
    assert (response.status_code, "Accounts cannot be reached" in response.text) == (503, True)


def test_availability_is_shown_where_it_is_known(browser: Browser, shop: FakeShop) -> None:
    """Few, enough, none; and nothing at all without the inventory."""
    shop.stock["KIT-0002"] = 0
    assert "Only 3 left" in browser.get("/p/KIT-0001").text
    assert "In stock" in browser.get("/p/TOY-0001").text
    assert "Out of stock" in browser.get("/p/KIT-0002").text
    shop.down.add("inventory")
    assert "stock" not in browser.page("/p/KIT-0001").text("main").lower()


def test_what_belongs_to_a_session_is_kept_by_no_cache(app: APIFlask) -> None:
    """no-store as soon as there is a session; before that, a page that depends on cookies."""
    guest = new_browser(app)
    response = guest.get("/")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Cookie" in response.headers["Vary"]
    assert "Set-Cookie" not in response.headers
    guest.get("/login")
    assert guest.get("/").headers["Cache-Control"] == "no-store"


def test_a_view_is_counted_by_its_route(app: APIFlask, browser: Browser, registry: CollectorRegistry) -> None:
    """Each page that was shown, once; no refusal, nothing else."""

    def views(page: str) -> float | None:
        return registry.get_sample_value("shop_page_views_total", {"page": page, "traffic": "user"})

    assert views("/p/<sku>") == 0
    browser.get("/p/KIT-0001")
    browser.get("/p/NOTHING")
    browser.get("/static/shop.css")
    assert views("/p/<sku>") == 1
    assert views("/") == 0


def test_the_series_stay_within_bounds(app: APIFlask, registry: CollectorRegistry) -> None:
    """After every route was asked, by a guest and a customer: well below 5,000."""
    buyer(app)
    browser = new_browser(app)
    for _, rule in routes(app):
        for method in ("GET", "POST"):
            browser.client.open(path_of(rule, order_id="ord_1"), method=method)
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    assert 500 < len(lines) < 4000


def test_a_database_that_is_down_is_a_page_too(app: APIFlask, database: Database) -> None:
    """503 with Retry-After for whoever has a session; whoever has none goes on looking around."""
    browser = new_browser(app)
    browser.get("/login")

    def down() -> None:
        raise DatabaseUnavailable("down")

    database.guard = down
    response = browser.get("/")
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")
    assert HtmlPage(response.text).faults == []
    assert new_browser(app).get("/").status_code == 200
    assert browser.get("/static/shop.css").status_code == 200
