"""What a page of another site, a cache in between, or a client with odd methods could make of the services."""

import json

import pytest

from services.shared.identity import CUSTOMER
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import filled, headers_of, ids
from tests.attacks.route_map import Route
from tests.attacks.route_table import PUBLIC, SERVICES, access
from tests.attacks.shopping import SKU, Customer
from tests.attacks.wire import request, send, statuses

CORS = "CORS"
METHODS = "method override, HEAD, OPTIONS, TRACE"
POISON = "cache poisoning"
ERRORS = "errors that say too much"
ORIGINS = ["https://evil.example", "null", "http://localhost", "https://shop.example.evil.example", "file://", "*"]
EVIL = "evil.example"
FORWARDED = {
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": f"/{EVIL}",
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Port": "666",
    "Forwarded": f"host={EVIL};proto=gopher",
    "X-Original-URL": f"/{EVIL}",
    "X-Rewrite-URL": f"/{EVIL}",
    "X-Host": EVIL,
    "X-HTTP-Host-Override": EVIL,
    "Origin": f"https://{EVIL}",
    "Referer": f"https://{EVIL}/",
}


@pytest.mark.attack(CORS)
@pytest.mark.parametrize("origin", ORIGINS)
def test_no_other_site_may_read(attacker: Attacker, routes: frozenset[Route], origin: str) -> None:
    """A page of another site that asks each route, with the visitor's token. No answer lets it read any."""
    for route in sorted(routes):
        for role in (None, CUSTOMER):
            path = filled(route.path, ids())
            answer = attacker.ask(route.service, path, "GET", role=role, headers={"Origin": origin})
            assert not [name for name in answer.headers if name.startswith(("access-control-", "cross-origin-"))]


@pytest.mark.attack(CORS)
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
def test_no_preflight_is_granted(attacker: Attacker, routes: frozenset[Route], method: str) -> None:
    """A browser that asks whether another site's page may send a token and JSON. It is told nothing that allows it."""
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
        "Access-Control-Request-Private-Network": "true",
    }
    for route in sorted(routes):
        answer = attacker.ask(route.service, filled(route.path, ids()), "OPTIONS", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control-")], route


@pytest.mark.attack(CORS)
@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "",
        "text/json",
        "application/jsonx",
    ],
)
def test_what_forms_can_send_is_not_taken(victim: Customer, kind: str) -> None:
    """JSON as a type that forms of other sites send without asking. 415, and the cart stays as it was."""
    cart = victim.cart()
    path = f"/api/v1/carts/{cart}/items/{SKU}"
    answer = victim.ask(path, "PUT", {"quantity": 9}, headers={"Content-Type": kind})
    assert answer.status == 415
    (line,) = victim.ask(f"/api/v1/carts/{cart}").json()["lines"]
    assert line["quantity"] == 1


@pytest.mark.attack(METHODS)
@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"])
def test_a_method_is_not_overridden(attacker: Attacker, victim: Customer, name: str) -> None:
    """DELETE and PUT in a header or in the query of a GET and a POST. It stays a GET, or 405."""
    cart = victim.cart()
    path = f"/api/v1/carts/{cart}"
    for method in ("DELETE", "PUT", "PATCH"):
        headers = {} if name == "_method" else {name: method}
        query = f"?_method={method}" if name == "_method" else ""
        assert victim.ask(path + query, headers=headers).status == 200
        assert victim.ask(path + query, "POST", {}, headers=headers).status == 405
    assert victim.ask(path).status == 200
    price = f"/api/v1/products/{SKU}/price"
    assert attacker.ask("catalog", price, "POST", {"_method": "PUT"}, headers={name: "PUT"}).status == 405


@pytest.mark.attack(METHODS)
def test_every_other_method_is_refused(attacker: Attacker, routes: frozenset[Route]) -> None:
    """Each method that a path does not have, and some of other protocols. 405, before any token is asked for."""
    taken: dict[tuple[str, str], set[str]] = {}
    for route in routes:
        taken.setdefault((route.service, route.path), {"HEAD", "OPTIONS"}).add(route.method)
    for (service, path), methods in sorted(taken.items()):
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "PROPFIND", "DEBUG", "TRACK", "MOVE"} - methods:
            answer = attacker.ask(service, filled(path, ids()), method)
            assert answer.status == 405, f"{method} {service}{path}: {answer.status}"
            assert set(answer.headers["allow"].split(", ")) <= methods


@pytest.mark.attack(METHODS)
def test_head_is_as_closed_as_get(attacker: Attacker, routes: frozenset[Route]) -> None:
    """HEAD where GET is refused. The same refusal, without a body."""
    for route in sorted(routes):
        if route.method == "GET":
            path = filled(route.path, ids())
            for role in (None, CUSTOMER):
                get = attacker.ask(route.service, path, role=role)
                head = attacker.ask(route.service, path, "HEAD", role=role)
                assert (head.status, head.body) == (get.status, b""), route


@pytest.mark.attack(METHODS)
def test_options_tells_nothing_of_closed_routes(attacker: Attacker, routes: frozenset[Route]) -> None:
    """OPTIONS without a token. 401, unless somebody may call the path without one."""
    open_paths = {
        (each.service, each.path) for each in routes if access(each.service, each.method, each.path) == PUBLIC
    }
    for route in sorted(routes):
        answer = attacker.ask(route.service, filled(route.path, ids()), "OPTIONS")
        signed = isinstance(access(route.service, route.method, route.path), str)
        if (route.service, route.path) not in open_paths and not signed:
            assert answer.status == 401, route
        assert answer.body == b"" or answer.status >= 400


@pytest.mark.attack(METHODS)
@pytest.mark.parametrize("service", SERVICES)
def test_trace_echoes_nothing(attacker: Attacker, service: str) -> None:
    """TRACE and TRACK with a secret header, on paths that there are. 405 or 404, without the header."""
    for method in ("TRACE", "TRACK"):
        for target in ("/livez", "/api/openapi.json", "/"):
            sent = request(method, target, "X-Secret: tell-me-this", "Connection: close")
            answered = send(attacker.port(service), sent)
            assert statuses(answered)[0] in (404, 405)
            assert b"tell-me-this" not in answered


@pytest.mark.attack(POISON)
def test_forwarding_headers_show_nowhere(attacker: Attacker, routes: frozenset[Route], victim: Customer) -> None:
    """Another host in X-Forwarded-Host and its like, on each route and on a new cart. No answer holds it."""
    for route in sorted(routes):
        if route.method == "GET":
            answer = attacker.ask(route.service, filled(route.path, ids()), role=CUSTOMER, headers=FORWARDED)
            assert EVIL not in str(answer.headers) + answer.body.decode(), route
    made = victim.ask("/api/v1/carts", "POST", {}, headers=FORWARDED)
    assert made.headers["location"] == f"/api/v1/carts/{made.json()['cart_id']}"


@pytest.mark.attack(POISON)
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/products?limit=1",
        "/api//v1/products",
        "/api/v1/products/",
        "//api/v1/products",
        "/api/v1//products",
        "/api/v1/categories",
        "/api/openapi.json",
        "/nothing",
        "/livez//",
    ],
)
def test_a_host_of_ones_own_shows_nowhere(attacker: Attacker, path: str) -> None:
    """Another site as Host, on paths with one slash and with two. No redirect and no body leads there."""
    for service in SERVICES:
        answer = attacker.ask(service, path, headers={"Host": EVIL})
        assert EVIL not in answer.headers.get("location", ""), f"{service}: {answer.headers['location']}"
        assert EVIL not in answer.body.decode()


@pytest.mark.attack(POISON)
def test_what_is_ones_own_is_kept_by_no_cache(attacker: Attacker, victim: Customer) -> None:
    """Carts and orders in a shared cache, also under a path that looks like a picture. no-store, or 404."""
    order = victim.order()
    for path in (f"/api/v1/orders/{order['order_id']}", "/api/v1/orders", f"/api/v1/carts/{order['cart_id']}"):
        assert victim.ask(path).headers["cache-control"] == "no-store"
        for end in (".css", "/x.png", "%2fx.js", ";x.css", "%00.ico"):
            assert victim.ask(path + end).status == 404
    for service in SERVICES:
        assert attacker.ask(service, "/nothing").headers["cache-control"] == "no-store"


@pytest.mark.attack(POISON)
def test_a_query_that_is_not_asked_for_changes_nothing(attacker: Attacker) -> None:
    """Parameters of others' frameworks on a page that caches may keep. 422: no second copy of it under another name."""
    for query in ("utm_source=x", "callback=alert", "_=1", "format=xml", "debug=1", "__debugger__=yes&cmd=1"):
        assert attacker.ask("catalog", f"/api/v1/products?{query}").status == 422


@pytest.mark.attack(ERRORS)
@pytest.mark.parametrize("service", SERVICES)
def test_errors_say_nothing_of_the_inside(attacker: Attacker, service: str) -> None:
    """400 to 431 from each service. A problem with a code: no trace, no SQL, no file, nothing of what was sent."""
    for path, method, raw in (
        ("/api/v1/nothing<script>alert(1)</script>", "GET", None),
        ("/livez", "POST", b"{}"),
        ("/api/v1/orders", "POST", b"{"),
        ("/api/v1/products?sort=<b>x", "GET", None),
        ("/api/v1/stock?sku=<b>x", "GET", None),
        ("/internal/faults", "GET", None),
        ("/%ff%fe", "GET", None),
    ):
        answer = attacker.ask(service, path.replace("<", "%3C").replace(">", "%3E"), method, raw=raw)
        assert answer.status >= 400
        assert b"script" not in answer.body
        assert b"<b>" not in answer.body
        problem = answer.json()
        assert {"type", "title", "status", "code", "request_id"} <= problem.keys()


@pytest.mark.attack(ERRORS)
def test_what_was_sent_is_not_said_again(attacker: Attacker) -> None:
    """A secret as the value of each wrong field. The refusal names fields and says what was expected."""
    secret = "tell-nobody-this"
    body = {"cart_id": secret, "payment_method": secret, "more": secret}
    answer = attacker.ask("orders", "/api/v1/orders", "POST", body, role=CUSTOMER, headers=headers_of())
    assert answer.status == 422
    assert secret not in answer.body.decode()
    assert {each["pointer"] for each in answer.json()["errors"]} == {"#/cart_id", "#/payment_method", "#/more"}


@pytest.mark.attack(ERRORS)
def test_a_thousand_mistakes_are_one_short_answer(attacker: Attacker) -> None:
    """A body that is wrong 3,000 times. At most 20 of them are told: an answer is no amplifier."""
    raw = json.dumps({f"f{number}": 0 for number in range(3000)}).encode()
    answer = attacker.ask("orders", "/api/v1/orders", "POST", raw=raw, role=CUSTOMER, headers=headers_of())
    assert answer.status == 422
    assert len(answer.json()["errors"]) <= 20
