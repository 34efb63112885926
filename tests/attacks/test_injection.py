"""SQL, LIKE patterns, sort orders, paths, look-alike letters and made-up cursors, in every parameter there is."""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from services.shared.identity import SERVICE
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import body_of, caller_of, filled, headers_of, ids
from tests.attacks.route_map import Route, documented
from tests.attacks.route_table import ROUTES, roles_of
from tests.attacks.shopping import SKU, Customer

SQL = "SQL, LIKE and sort injection"
TRAVERSAL = "path traversal"
UNICODE = "unicode tricks in ids"
CURSORS = "cursors made up"
STATEMENTS = [
    "' OR '1'='1",
    "' OR 1=1 -- ",
    '" OR ""="',
    "'; DROP TABLE products; --",
    "1; DELETE FROM orders",
    "') UNION SELECT name, sql, 1, 1 FROM sqlite_master --",
    "' || (SELECT password FROM users) || '",
    "1 AND (SELECT 1 FROM pg_sleep(5))",
    "x' AND randomblob(900000000) --",
    "sku; DROP TABLE products",
    "sku DESC, (SELECT 1)",
    "CASE WHEN 1=1 THEN sku ELSE name END",
    "$where",
    "%(sku)s",
    ":sku",
    "{0.__class__}",
    "${7*7}",
    "{{7*7}}",
    "\\",
    "\x00",
    "a\x00b",
    "\N{FULLWIDTH APOSTROPHE} OR 1=1",
]
TRAVERSALS = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "..%c0%af..%c0%afetc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "....//....//etc/passwd",
    "..;/..;/metrics",
    "%00/../../etc/passwd",
    "file:%2f%2f%2fetc%2fpasswd",
]
LOOK_ALIKES = {
    "full width": "ＫＩＴ-1001",
    "a Cyrillic letter": "КIT-1001",
    "small letters": "kit-1001",
    "a dotless i": "KıT-1001",
    "a Kelvin sign": "\N{KELVIN SIGN}IT-1001",
    "other digits": "KIT-١٠٠١",
    "another hyphen": "KIT‐1001",
    "a zero-width space": "KIT-\u200b1001",
    "a byte order mark": "\ufeffKIT-1001",
    "written backwards": "\u202e1001-TIK",
    "an accent on top": "KIT-1001\u0301",
    "a line end after it": "KIT-1001\n",
    "a space after it": "KIT-1001 ",
    "a NUL after it": "KIT-1001\x00",
    "a soft hyphen": "KIT-10\u00ad01",
}


def queries(documents: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str | None]]:
    """(service, path, parameter, what else the query needs, role) of each query parameter."""
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            named = [one for one in each.get("parameters", ()) if one["in"] == "query"]
            for parameter in named:
                needed = {"sku": SKU, "reference": ids()["reference"]}
                others = (one["name"] for one in named if one.get("required") and one is not parameter)
                rest = "".join(f"&{name}={needed[name]}" for name in others)
                yield service, path, parameter["name"], rest, caller_of(roles_of(service, method, path))


def items(attacker: Attacker, query: str) -> list[dict[str, Any]]:
    """The products that a query of the catalog finds."""
    answer = attacker.ask("catalog", f"/api/v1/products?limit=100&{query}")
    assert answer.status == 200, answer.body
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


@pytest.mark.attack(SQL)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_as_a_query(attacker: Attacker, documents: dict[str, Any], statement: str) -> None:
    """SQL, templates and NUL in every query parameter of every service. 422; a search finds nothing."""
    asked = 0
    for service, path, name, rest, role in queries(documents):
        answer = attacker.ask(service, f"{path}?{name}={quote(statement)}{rest}", role=role)
        assert answer.status == 422 or (name == "q" and answer.json()["items"] == []), f"{path}?{name}: {answer.status}"
        asked += 1
    assert asked >= 12


@pytest.mark.attack(SQL)
@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_statement_as_an_id(
    attacker: Attacker, routes: frozenset[Route], documents: dict[str, Any], statement: str
) -> None:
    """The same as every id in every path, with a good token and a good body. 404, or 422 where the form is told."""
    for route in sorted(routes):
        if not route.parameters:
            continue
        operation = documented(documents[route.service])[route.path, route.method]
        path = filled(route.path, dict.fromkeys(route.parameters, quote(statement, safe="")))
        role = caller_of(roles_of(route.service, route.method, route.path))
        body = body_of(operation["operationId"]) if "requestBody" in operation else None
        answer = attacker.ask(route.service, path, route.method, body, role=role, headers=headers_of())
        assert answer.status in (404, 422), f"{route}: {answer.status}"


@pytest.mark.attack(SQL)
def test_nothing_was_dropped(attacker: Attacker) -> None:
    """The tables after all of these. Every category still has as many products as it says."""
    categories = attacker.ask("catalog", "/api/v1/categories").json()["items"]
    assert sum(each["products"] for each in categories) > 200
    for each in categories:
        assert len(items(attacker, f"category={each['slug']}")) == min(each["products"], 100)


@pytest.mark.attack(SQL)
@pytest.mark.parametrize(
    "pattern", ["%", "_", "%%", "_____", "%a%", "\\%", "*", "KIT_1001", "k%", "[a-z]", "?", "^", ".*"]
)
def test_a_pattern_matches_itself_alone(attacker: Attacker, pattern: str) -> None:
    """Wildcards of LIKE, GLOB and regular expressions as search words. Only products that hold them are found."""
    answer = attacker.ask("catalog", f"/api/v1/products?limit=100&q={quote(pattern)}")
    if answer.status == 422:
        return
    for each in answer.json()["items"]:
        text = " ".join((each["name"], each["description"], each["category"], each["sku"])).casefold()
        assert pattern.casefold() in text, each["sku"]


@pytest.mark.attack(SQL)
@pytest.mark.parametrize(
    "words",
    [
        "skillet OR knife",
        "skillet NOT oven",
        "name:skillet",
        '"skillet',
        "NEAR(skillet oven)",
        "skill* & !x",
        "skillet | knife",
        "a AND b",
        "-skillet",
    ],
)
def test_operators_of_full_text_search_are_words(attacker: Attacker, words: str) -> None:
    """Operators of search engines in a search. They are words like others: a product has them all, or is not found."""
    answer = attacker.ask("catalog", f"/api/v1/products?limit=100&q={quote(words)}")
    assert answer.status in (200, 422)
    for each in answer.json().get("items", ()):
        text = " ".join((each["name"], each["description"], each["category"], each["sku"])).casefold()
        for word in ("skillet", "knife", "not", "near"):
            assert word not in words.casefold() or word in text, each["sku"]


@pytest.mark.attack(SQL)
@pytest.mark.parametrize(
    "sort", ["", "id", "SKU", "sku,name", "sku desc", "-sku", "--price", "price;", "version", "1", "rowid", "price\x00"]
)
def test_an_order_that_nobody_offers(attacker: Attacker, sort: str) -> None:
    """Columns, directions and lists of them as `sort`. 422: it is one of four words."""
    assert attacker.ask("catalog", f"/api/v1/products?sort={quote(sort)}").status == 422


@pytest.mark.attack(SQL)
@pytest.mark.parametrize(
    "limit", ["0", "-1", "101", "1e2", "1.5", "9" * 30, "9" * 4000, "NaN", "٣", "0x10", "", "1,2", "true"]
)
def test_a_limit_that_is_none(attacker: Attacker, documents: dict[str, Any], limit: str) -> None:
    """0, −1, 101, 10³⁰, text, other digits as `limit` of every list. 422."""
    for service, path, name, rest, role in queries(documents):
        if name == "limit":
            answer = attacker.ask(service, f"{path}?limit={quote(limit)}{rest}", role=role)
            assert answer.status == 422, f"{path}: {answer.status}"


@pytest.mark.attack(SQL)
def test_a_parameter_that_comes_twice(attacker: Attacker) -> None:
    """A good limit before a bad one, and after it. At most the one that was checked counts."""
    for query in ("limit=1&limit=100000", "limit=100000&limit=1"):
        answer = attacker.ask("catalog", f"/api/v1/products?{query}")
        assert answer.status == 422 or len(answer.json()["items"]) == 1
    skus = "&".join(f"sku=KIT-{number}" for number in range(1000, 1150))
    assert attacker.ask("inventory", f"/api/v1/stock?{skus}").status == 422


@pytest.mark.attack(SQL)
def test_a_statement_in_a_body(attacker: Attacker, documents: dict[str, Any]) -> None:
    """SQL as each text of each body that has a form. 422."""
    tried = 0
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            if each["operationId"] not in (
                "place_order",
                "reserve",
                "authorise_payment",
                "change_price",
                "refund_payment",
            ):
                continue
            for raw in texts_replaced(body_of(each["operationId"]), "' OR '1'='1"):
                role = caller_of(roles_of(service, method, path))
                answer = attacker.ask(service, filled(path, ids()), method, raw, role=role, headers=headers_of())
                assert answer.status == 422, f"{path}: {raw}"
                tried += 1
    assert tried >= 9


def texts_replaced(body: Any, text: str) -> Iterator[Any]:
    """*body* with *text* in place of each of its texts, one at a time."""
    written = json.dumps(body)
    for found in dict.fromkeys(strings(body)):
        yield json.loads(written.replace(json.dumps(found), json.dumps(text), 1))


def strings(part: Any) -> Iterator[str]:
    """Every text that is a value in *part*."""
    if isinstance(part, str):
        yield part
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from strings(each)


@pytest.mark.attack(TRAVERSAL)
@pytest.mark.parametrize("place", TRAVERSALS)
def test_no_path_leads_out(attacker: Attacker, place: str) -> None:
    """Dots, encoded once and twice, backslashes, NUL, behind every prefix of every service. 404, and no file."""
    prefixes = ("/", "/api/", "/static/", "/api/v1/products/", "/api/v1/stock/", "/api/v1/orders/", "/api/v1/payments/")
    for service in ROUTES:
        for prefix in prefixes:
            answer = attacker.ask(
                service, prefix + place, role=SERVICE if service in ("payments", "inventory") else None
            )
            assert answer.status in (401, 404), f"{service} {prefix}{place}: {answer.status}"
            assert b"root:" not in answer.body


@pytest.mark.attack(TRAVERSAL)
@pytest.mark.parametrize(
    "name",
    [
        "../orders",
        "..",
        ".",
        "KIT-1001?x=",
        "KIT-1001#",
        "KIT-1001/../../../livez",
        "@evil.example/",
        "A1/price",
        "A1\r\nX: y",
    ],
)
def test_no_sku_leads_to_another_path_of_the_catalog(victim: Customer, name: str) -> None:
    """A SKU that orders would ask the catalog for under another path. 404, and nothing is in the cart."""
    cart = victim.cart()
    path = f"/api/v1/carts/{cart}/items/{quote(name, safe='')}"
    assert victim.ask(path, "PUT", {"quantity": 1}).status == 404
    assert len(victim.ask(f"/api/v1/carts/{cart}").json()["lines"]) == 1


@pytest.mark.attack(UNICODE)
@pytest.mark.parametrize("name", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_sku_that_looks_like_one(attacker: Attacker, victim: Customer, name: str) -> None:
    """KIT-1001 in other letters, with what cannot be seen, with a line end. It is another SKU, and nobody has it."""
    written = quote(name, safe="")
    assert attacker.ask("catalog", f"/api/v1/products/{written}").status == 404
    assert attacker.ask("inventory", f"/api/v1/stock/{written}").status == 404
    assert attacker.ask("inventory", f"/api/v1/stock?sku={written}").status == 422
    assert victim.ask(f"/api/v1/carts/{victim.cart()}/items/{written}", "PUT", {"quantity": 1}).status == 404


@pytest.mark.attack(UNICODE)
@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda each: each + "\n",
        lambda each: each + "%0a",
        lambda each: each[:-1] + "ａ",
        lambda each: each + "\x00",
        lambda each: each.replace("_", "＿"),
    ],
)
def test_an_order_id_that_looks_like_one(victim: Customer, change: Any) -> None:
    """One's own order's id in capitals, with a line end, with a look-alike. 404: an id has one spelling."""
    order = victim.order()["order_id"]
    spelt = quote(change(order), safe="%")
    assert victim.ask(f"/api/v1/orders/{spelt}").status == 404


def cursor(text: str) -> str:
    """A cursor that goes on after *text*, made up."""
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


DIGITS = cursor("1:" + "9" * 40)


@pytest.mark.attack(CURSORS)
@pytest.mark.parametrize(
    "made_up",
    [
        "1",
        "null",
        "../x",
        "A" * 3000,
        cursor("1:' OR 1=1 --"),
        cursor("1:"),
        cursor("2:KIT-1001"),
        cursor("KIT-1001"),
        cursor("1:\x00"),
        DIGITS,
        cursor("1:-1:ord_" + "0" * 32),
        cursor("1:1:ord_" + "0" * 31 + "\n"),
        cursor('1:["a"'),
        cursor("1:" + "[" * 900),
        cursor('1:[NaN,"KIT-1001"]'),
        cursor("1:1") + "==",
        cursor("1:1") + "\n",
    ],
)
def test_a_cursor_that_nobody_was_given(attacker: Attacker, documents: dict[str, Any], made_up: str) -> None:
    """Numbers, SQL, NUL, other versions, other lists' keys as `cursor` of every list. 422, but for products by SKU."""
    for service, path, name, rest, role in queries(documents):
        if name != "cursor":
            continue
        answer = attacker.ask(service, f"{path}?cursor={quote(made_up)}{rest}", role=role)
        # A well-formed reference is a place in the list that services alone read, be there one of that name or not.
        if service == "inventory" and path.endswith("/reservations") and made_up == DIGITS:
            assert answer.status == 200
            continue
        # Products are everybody's, and in the order of SKUs a place need not be one: nothing is told by it.
        if service == "catalog" and answer.status == 200:
            answer = attacker.ask(service, f"{path}?sort=price&cursor={quote(made_up)}", role=role)
        assert answer.status == 422, f"{service}{path}: {answer.status} {answer.body[:300]!r}"
        assert answer.json()["code"] == "invalid_request"


@pytest.mark.attack(CURSORS)
def test_another_customers_cursor(victim: Customer, mallory: Customer) -> None:
    """The cursor of another customer's list. One's own rows come after it, and none of theirs."""
    theirs = [victim.order()["order_id"] for _ in range(2)]
    own = [mallory.order()["order_id"]]
    given = victim.ask("/api/v1/orders?limit=1").json()["next_cursor"]
    latest = cursor(f"1:999999999999999:ord_{'f' * 32}")
    for each in (given, latest):
        answer = mallory.ask(f"/api/v1/orders?limit=100&cursor={each}")
        assert answer.status == 200
        found = [order["order_id"] for order in answer.json()["items"]]
        assert set(found).isdisjoint(theirs)
        assert set(found) <= set(own)


@pytest.mark.attack(CURSORS)
def test_a_cursor_that_was_changed(victim: Customer) -> None:
    """Each letter of a good cursor exchanged, one at a time. 422, or one's own orders."""
    own = {victim.order()["order_id"] for _ in range(2)}
    good = victim.ask("/api/v1/orders?limit=1").json()["next_cursor"]
    for place in range(0, len(good), 3):
        letter = "A" if good[place] != "A" else "B"
        answer = victim.ask(f"/api/v1/orders?cursor={good[:place]}{letter}{good[place + 1 :]}")
        assert answer.status in (200, 422)
        assert {each["order_id"] for each in answer.json().get("items", ())} <= own
