"""Bodies that are too long, too deep, compressed, twice the same, or never end; headers that are too large."""

import gzip
import json
import socket
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from services.shared.identity import CUSTOMER, SERVICE
from tests.attacks.attacker import Attacker, code
from tests.attacks.good_requests import BODIES, caller_of, filled, headers_of, ids
from tests.attacks.route_map import documented
from tests.attacks.route_table import SERVICES, SIGNED, access, roles_of
from tests.attacks.shopping import SKU, Customer
from tests.attacks.wire import held_open, request, send, statuses

LONG = "body > 64 KiB, chunked too"
SLOW = "slow body"
LARGE = "large headers"
KIB = 1024
# Threads of a service (services/shared/gunicorn.py).
THREADS = 8


def with_bodies(documents: dict[str, Any]) -> Iterator[tuple[str, str, str, str | None]]:
    """(service, method, path, role) of each operation that takes a body."""
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            if each["operationId"] in BODIES:
                signed = access(service, method, path) == SIGNED
                role = None if signed else caller_of(roles_of(service, method, path))
                yield service, method, filled(path, ids()), role


def chunks(total: int) -> Iterator[bytes]:
    """A body of *total* bytes that does not say how long it will be."""
    for _ in range(0, total, KIB):
        yield b" " * KIB


@pytest.mark.attack(LONG)
@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "chunked"])
def test_a_long_body(attacker: Attacker, documents: dict[str, Any], chunked: bool) -> None:
    """A byte more than 64 KiB to each route that takes a body. 413, also where no length was announced."""
    tried = 0
    for service, method, path, role in with_bodies(documents):
        raw = chunks(65 * KIB) if chunked else b" " * (64 * KIB + 1)
        answer = attacker.ask(service, path, method, raw=raw, role=role, headers=headers_of())
        assert code(answer) == (413, "content_too_large"), f"{method} {path}"
        tried += 1
    assert tried == len(BODIES)


@pytest.mark.attack(LONG)
@pytest.mark.parametrize("length", ["65537", "10000000000", "9" * 30])
def test_a_length_that_is_never_sent(attacker: Attacker, length: str) -> None:
    """An announced body of 10 GB, of which nothing comes. 413 or 400 at once."""
    token = attacker.bearer("orders")["Authorization"]
    headers = (f"Authorization: {token}", "Content-Type: application/json", f"Content-Length: {length}")
    answered = send(attacker.port("orders"), request("PUT", "/api/v1/carts/cart_1/items/A1", *headers))
    assert statuses(answered) in ([413], [400])


@pytest.mark.attack(LONG)
def test_a_stranger_sends_none(attacker: Attacker) -> None:
    """A long body without a token. 401: who sends it comes before what is sent."""
    for raw in (b" " * (64 * KIB + 1), chunks(128 * KIB)):
        assert attacker.ask("orders", "/api/v1/orders", "POST", raw=raw).status == 401


@pytest.mark.attack("deep JSON")
@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [500, 5000])
def test_a_deep_body(attacker: Attacker, documents: dict[str, Any], opening: str, depth: int) -> None:
    """500 and 5,000 levels of lists and objects, closed and left open, to each route with a body. 400 or 422."""
    for service, method, path, role in with_bodies(documents):
        closing = {"[": "]", '{"a":': "}", '[{"a":': "}]"}[opening]
        for raw in (opening * depth + "1" + closing * depth, opening * depth):
            answer = attacker.ask(service, path, method, raw=raw.encode(), role=role, headers=headers_of())
            wanted = (400, 413, 422) if role or service == "users" else (401,)
            assert answer.status in wanted, f"{method} {path}: {answer.status}"


@pytest.mark.attack("deep JSON")
def test_a_deep_value_of_a_field(attacker: Attacker, mallory: Customer) -> None:
    """A quantity that is 900 lists deep, and 2,000 names that nobody knows. 422, in a short answer."""
    path = f"/api/v1/carts/{mallory.cart()}/items/{SKU}"
    deep = b'{"quantity":' + b"[" * 900 + b"]" * 900 + b"}"
    wide = json.dumps({f"field_{number}": number for number in range(2000)}).encode()
    for raw in (deep, wide):
        answer = attacker.ask("orders", path, "PUT", raw=raw, role=CUSTOMER, subject=mallory.subject)
        assert answer.status == 422
        assert len(answer.body) < 4 * KIB


@pytest.mark.attack("gzip bomb")
@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "gzip, gzip", "br"])
def test_a_compressed_body(attacker: Attacker, mallory: Customer, encoding: str) -> None:
    """30 MB that are 30 KB compressed, said to be gzip. 400 or 415 at once: nothing is ever unpacked."""
    bomb = gzip.compress(b'{"quantity": 1' + b" " * 30_000_000 + b"}", 6)
    assert len(bomb) < 64 * KIB
    raw = bomb if "gzip" in encoding else zlib.compress(b" " * 30_000_000)
    path = f"/api/v1/carts/{mallory.cart()}/items/{SKU}"
    before = time.monotonic()
    headers = {"Content-Encoding": encoding}
    answer = attacker.ask("orders", path, "PUT", raw=raw, role=CUSTOMER, subject=mallory.subject, headers=headers)
    assert answer.status in (400, 415, 422)
    assert time.monotonic() - before < 2


@pytest.mark.attack("duplicate keys in JSON")
def test_a_field_that_comes_twice(attacker: Attacker, victim: Customer) -> None:
    """A good quantity before a bad one, and after it. One reading counts: what is checked is what is put in."""
    cart = victim.cart(quantity=5)
    path = f"/api/v1/carts/{cart}/items/{SKU}"
    for raw in (
        b'{"quantity": 1, "quantity": -1}',
        b'{"quantity": 1, "quantity": 1e3}',
        b'{"quantity":1,"qu\\u0061ntity":0}',
    ):
        answer = attacker.ask("orders", path, "PUT", raw=raw, role=CUSTOMER, subject=victim.subject)
        assert answer.status == 422, raw
    answer = attacker.ask(
        "orders", path, "PUT", raw=b'{"quantity": -1, "quantity": 2}', role=CUSTOMER, subject=victim.subject
    )
    assert answer.status in (200, 400, 422)
    (line,) = victim.ask(f"/api/v1/carts/{cart}").json()["lines"]
    assert line["quantity"] in (2, 5)


@pytest.mark.attack("duplicate keys in JSON")
def test_a_role_that_comes_twice(attacker: Attacker) -> None:
    """An amount given twice, to the gateway that also looks for card numbers. The one that counts is looked at."""
    raw = b'{"reference":"ord_%s","amount":{"minor_units":100,"currency":"EUR"},"payment_method":"tok_visa",%s}'
    last = b'"amount":{"minor_units":4111111111111111,"currency":"EUR"}'
    reference = ids()["reference"].removeprefix("ord_").encode()
    answer = attacker.ask(
        "payments", "/api/v1/payments", "POST", raw=raw % (reference, last), role=SERVICE, headers=headers_of()
    )
    assert code(answer) == (422, "card_number_refused")


@pytest.mark.attack("deep JSON")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"\xff\xfe{}",
        b"{}{}",
        b"{'quantity': 1}",
        b"quantity=1",
        b"\xef\xbb\xbf{}",
        b"null",
        b"1",
        b'"a"',
        b"[]",
        b"\x00",
        b'{"quantity": 1}\x00',
        b'{"quantity": "\\ud800"}',
    ],
)
def test_what_is_no_object(attacker: Attacker, mallory: Customer, raw: bytes) -> None:
    """No body, other encodings, two documents, lists, half a surrogate. 400, 415 or 422."""
    path = f"/api/v1/carts/{mallory.cart()}/items/{SKU}"
    answer = attacker.ask("orders", path, "PUT", raw=raw, role=CUSTOMER, subject=mallory.subject)
    assert answer.status in (400, 415, 422)


@pytest.mark.attack(LARGE)
@pytest.mark.parametrize("service", SERVICES)
def test_large_headers(attacker: Attacker, service: str) -> None:
    """A header of 9 KB, 150 headers, a request line of 9 KB. 431 or 414, and the next request is answered."""
    port = attacker.port(service)
    for sent, wanted in (
        (request("GET", "/livez", "X-Large: " + "a" * 9000), 431),
        (request("GET", "/livez", *(f"X-{number}: a" for number in range(150))), 431),
        (request("GET", "/livez?" + "a" * 9000), 414),
        (request("GET", "/livez", "Cookie: " + "a=b; " * 2000), 431),
    ):
        assert statuses(send(port, sent)) == [wanted]
    assert attacker.ask(service, "/livez").status == 200


def answered_within(port: int, seconds: float) -> bool:
    """Whether somebody else is answered so soon."""
    with socket.create_connection(("127.0.0.1", port), seconds) as client:
        client.settimeout(seconds)
        client.sendall(request("GET", "/api/openapi.json", "Connection: close"))
        try:
            return client.recv(12) == b"HTTP/1.1 200"
        except TimeoutError:
            return False


def slow_requests(attacker: Attacker) -> dict[str, bytes]:
    """Beginnings of requests that would never end, by what they lack."""
    token = attacker.bearer("orders")["Authorization"]
    typed = ("Content-Type: application/json", "Content-Length: 100")
    return {
        "the rest of a body": request("POST", "/api/v1/orders", f"Authorization: {token}", *typed, body=b"{"),
        "the rest of a stranger's body": request("POST", "/api/v1/webhooks/payments", *typed, body=b"{"),
        "the rest of a chunk": request(
            "POST", "/api/v1/webhooks/payments", typed[0], "Transfer-Encoding: chunked", body=b"ffff\r\n{"
        ),
        "the end of the headers": b"GET /livez HTTP/1.1\r\nHost: shop\r\n",
    }


@pytest.mark.attack(SLOW)
@pytest.mark.parametrize("lacking", ["the rest of a body", "the rest of a stranger's body", "the end of the headers"])
def test_a_few_slow_clients(attacker: Attacker, lacking: str) -> None:
    """Seven clients that begin a request and never end it. Others are answered at once by the thread that is left."""
    port = attacker.port("orders")
    with held_open(port, slow_requests(attacker)[lacking], THREADS - 1):
        assert answered_within(port, 2)
