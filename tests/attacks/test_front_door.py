"""What the front door keeps inside, in whatever spelling it is asked for, and whom it lets hold others up."""

import contextlib
import http.client
import socket
from urllib.parse import urlsplit

import pytest

from local.settings import HOST
from local.shop_run import ShopRun
from services.shared.identity import SERVICE, STAFF
from tests.attacks.attacker import Attacker
from tests.attacks.good_requests import filled, headers_of, ids
from tests.attacks.route_table import FAULT_TOKEN, ROUTES, SIGNED, access
from tests.attacks.test_bodies import answered_within, slow_requests
from tests.attacks.visitor import Visitor
from tests.attacks.wire import held_open, request, send, statuses

CLOSED = "closed routes at the front door"
# Whatever a page of metrics or a service's own readiness would say.
INSIDE = (b"# TYPE", b"http_server_", b'"status": "ready"', b'"status":"ready"')
OPERATIONAL = ("metrics", "livez", "readyz", "internal/faults")
SPELLINGS = (
    "/{}",
    "//{}",
    "/./{}",
    "/{}/",
    "/{}?a",
    "/{};a",
    "/{}%00",
    "/{}%2f",
    "/%2e/{}",
    "/x/../{}",
    "/api/v1/../../{}",
    "/api/v1/products/../../../{}",
    "/api/v1/products/..%2f..%2f..%2f{}",
    "/api/v1/products/%2e%2e/%2e%2e/%2e%2e/{}",
    "/static/../{}",
    "/static/..%2f{}",
    "\\{}",
    "/api/docs/../../{}",
)
# Kept inside although some people have the role.
STAFFS = "GET /api/v1/payments/{reference}"
# In front of the threads of one service, many times.
SLOW_CLIENTS = 64
# More than a thousand places in each of two processes would have held.
HALF_HEADERS = 2_300
TOO_LARGE_HEADERS, TOO_LONG_ADDRESS = 431, 414


def port_of(shop: ShopRun) -> int:
    """The front door's."""
    return urlsplit(shop.url).port or 0


@pytest.mark.attack("/metrics not public")
@pytest.mark.parametrize("name", OPERATIONAL)
def test_the_platforms_pages(door_shop: ShopRun, name: str) -> None:
    """Metrics, health and fault routes in many spellings, by other hosts and as a whole address. 404 or 400."""
    port = port_of(door_shop)
    spelt = [each.format(name) for each in SPELLINGS] + [f"/{name}".upper(), f"/%{ord(name[0]):x}{name[1:]}"]
    for target in (*spelt, f"http://127.0.0.1:8004/{name}", f"http://users/{name}"):
        for host in ("shop", "127.0.0.1:8001", "catalog"):
            sent = f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")
            answered = send(port, sent)
            assert statuses(answered)[:1] in ([404], [400]), f"{target} at {host}: {answered[:200]!r}"
            assert not any(word in answered for word in INSIDE), target


@pytest.mark.attack(CLOSED)
def test_what_services_say_to_one_another(door_shop: ShopRun) -> None:
    """Each route of services, webhooks and faults, with good tokens. 404: the door does not know them."""
    visitor, attacker = Visitor(door_shop.url), Attacker(door_shop)
    tried = 0
    for service, routes in ROUTES.items():
        for route in routes:
            method, path = route.split(" ", 1)
            who = access(service, method, path)
            if who not in (SIGNED, FAULT_TOKEN) and who != frozenset({SERVICE}) and route != STAFFS:
                continue
            for role in (SERVICE, STAFF):
                headers = {**attacker.bearer(service, role), **headers_of(), "Content-Type": "application/json"}
                answer = visitor.ask(filled(path, ids()), method, b"{}" if method == "POST" else None, headers)
                assert answer.status == 404, f"{service}: {route}: {answer.status}"
                tried += 1
    assert tried > 20


@pytest.mark.attack("body > 64 KiB, chunked too")
@pytest.mark.parametrize("path", ["/api/v1/auth/login", "/api/v1/orders", "/rum", "/login"])
def test_a_long_body_at_the_door(door_shop: ShopRun, path: str) -> None:
    """70,000 bytes with their length and in chunks. 413, and the door goes on."""
    port = port_of(door_shop)
    typed = ("Content-Type: application/json", "Connection: close")
    body = b'{"a":"' + b"a" * 70_000 + b'"}'
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for sent in (
        request("POST", path, *typed, f"Content-Length: {len(body)}", body=body),
        request("POST", path, *typed, "Transfer-Encoding: chunked", body=chunk),
    ):
        assert statuses(send(port, sent))[:1] == [413]
    assert answered_within(port, 2)


@pytest.mark.attack("slow body")
@pytest.mark.parametrize(
    "lacking", ["the rest of a body", "the rest of a stranger's body", "the rest of a chunk", "the end of the headers"]
)
def test_many_slow_clients_at_the_door(door_shop: ShopRun, lacking: str) -> None:
    """Far more clients that never end their request than a service has threads. Others are answered at once."""
    port = port_of(door_shop)
    # To what a stranger may send something to: elsewhere the door answers at once.
    sent = slow_requests(Attacker(door_shop))[lacking].replace(b"/api/v1/webhooks/payments", b"/api/v1/auth/login")
    with held_open(port, sent, SLOW_CLIENTS):
        assert answered_within(port, 2)
        assert Visitor(door_shop.url).ask("/api/v1/products?limit=1").status == 200
        assert Visitor(door_shop.url).ask("/api/v1/orders").status == 401


@pytest.mark.attack("slow body")
def test_connections_with_half_a_header_do_not_shut_the_door(door_shop: ShopRun) -> None:
    """Ten times as many of them as one address may have, from one address. Another address is answered."""
    port = port_of(door_shop)
    with contextlib.ExitStack() as stack:
        for _ in range(HALF_HEADERS):
            half = stack.enter_context(socket.create_connection((HOST, port), 5))
            half.sendall(b"GET / HTTP/1.1\r\nHost: shop\r\n")
        for _ in range(5):
            connection = http.client.HTTPConnection(HOST, port, timeout=5, source_address=("127.0.0.2", 0))
            connection.request("GET", "/api/v1/products?limit=1")
            assert connection.getresponse().status == 200
            connection.close()


@pytest.mark.attack("large headers")
def test_large_headers_at_the_door(door_shop: ShopRun) -> None:
    """Headers of 40 KB, and an address of 40 KB. Refused, and the next request is answered."""
    port = port_of(door_shop)
    for sent, refused in (
        (request("GET", "/", "X-Large: " + "a" * 40_000, "Connection: close"), TOO_LARGE_HEADERS),
        (request("GET", "/?" + "a" * 40_000, "Connection: close"), TOO_LONG_ADDRESS),
    ):
        assert statuses(send(port, sent)) == [refused]
    assert answered_within(port, 2)


@pytest.mark.attack("request smuggling")
def test_a_second_request_through_the_door(door_shop: ShopRun) -> None:
    """A request for metrics in the body of another, by both lengths at once and by a broken one. It is not answered."""
    port = port_of(door_shop)
    hidden = b"GET /metrics HTTP/1.1\r\nHost: shop\r\n\r\n"
    for headers in (
        (f"Content-Length: {len(hidden) + 5}", "Transfer-Encoding: chunked"),
        ("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
        ("Transfer-Encoding: xchunked",),
        ("Content-Length: 5", f"Content-Length: {len(hidden) + 5}"),
        ("Content-Length: +5",),
    ):
        answered = send(port, request("POST", "/api/v1/orders", *headers, body=b"0\r\n\r\n" + hidden))
        assert not any(word in answered for word in INSIDE), headers
        assert set(statuses(answered)) <= {400, 401, 404, 411, 413, 415, 501}, headers
