"""local/front_door/routes.py: what the services say of their operations, and where the door leads them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from local.front_door import routes

ROOT = Path(__file__).resolve().parents[3]
# One a service; what else is there is put together from them.
DOCUMENTS = [
    each for each in sorted((ROOT / "docs/openapi").glob("*.json")) if (ROOT / "services" / each.stem).is_dir()
]
# For some people, and kept inside: staff reads payments by way of orders; the gateway calls its webhook directly.
KEPT_INSIDE = {("payments", "get_payment"), ("orders", "receive_payment_webhook")}
Operation = tuple[str, str, str, str, frozenset[str] | None]


def operations() -> list[Operation]:
    """(service, operation id, method, a path of it, its roles; None: everybody) of all services."""
    found = []
    for document in DOCUMENTS:
        for template, methods in json.loads(document.read_text(encoding="utf-8"))["paths"].items():
            path = re.sub(r"\{[^}]+\}", "u_1-X", template)
            for method, operation in methods.items():
                roles = operation.get("x-roles")
                roles = None if roles is None else frozenset(roles)
                found.append((document.stem, operation["operationId"], method.upper(), path, roles))
    return found


def is_inside(operation: Operation) -> bool:
    """Whether nobody outside may call it."""
    service, name, _, _, roles = operation
    return roles == {"service"} or (service, name) in KEPT_INSIDE


OUTSIDE = [each for each in operations() if not is_inside(each)]
INSIDE = [each for each in operations() if is_inside(each)]


def named(operation: Operation) -> str:
    """A test's name."""
    return f"{operation[0]}-{operation[1]}"


def test_there_are_operations_of_either_kind() -> None:
    """The tests below are about something, and each exception is about an operation that exists."""
    assert len(OUTSIDE) > 10
    assert len(INSIDE) > 10
    assert {each[:2] for each in operations()} >= KEPT_INSIDE


@pytest.mark.parametrize("operation", OUTSIDE, ids=named)
def test_what_people_may_call_is_led_to_its_own_service(operation: Operation, shared: Any) -> None:
    """By the table and by nginx, with the path as it was sent."""
    service, _, method, path, _ = operation
    assert routes.service_for(path) == service
    got = shared.ask(path, method).json()
    assert (got["service"], got["method"], got["path"]) == (service, method, path)


@pytest.mark.parametrize("operation", INSIDE, ids=named)
def test_what_services_alone_may_call_is_nowhere_at_the_door(operation: Operation, shared: Any) -> None:
    """The 404 is the door's own: no service has seen the request."""
    service, _, method, path, _ = operation
    assert routes.service_for(path) is None
    before = {name: len(each.seen) for name, each in shared.services.items()}
    reply = shared.ask(path, method)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")
    assert reply.json()["code"] == "not_found"
    assert {name: len(each.seen) for name, each in shared.services.items()} == before, service


@pytest.mark.parametrize(
    ("path", "service"),
    [
        ("/", "storefront"),
        ("/c/tea", "storefront"),
        ("/login", "storefront"),
        ("/rum", "storefront"),
        ("/static/shop.css", "storefront"),
        ("/robots.txt", "storefront"),
        ("/apifoo", "storefront"),
        ("/api/docs", "storefront"),
        ("/api/docs/swagger-ui.css", "storefront"),
        ("/api/openapi.json", "storefront"),
        ("/.well-known/jwks.json", "users"),
        ("/.well-known/security.txt", "storefront"),
        ("/api/v1/auth/login", "users"),
        ("/api/v1/auth/password-reset/confirm", "users"),
        ("/api/v1/users/me/password", "users"),
        ("/api/v1/users/u_1/roles", "users"),
        ("/api", None),
        ("/api/", None),
        ("/api/v1", None),
        ("/api/v2/products", None),
        ("/api/v1/productsx", None),
        ("/api/v1/products-of-others/1", None),
        ("/api/openapi.json/x", None),
        ("/api/docsx", None),
        ("/api/v1/payments", None),
        ("/api/v1/webhooks/payments", None),
        ("/api/v1/reservations/r-1/commit", None),
        ("/api/v1/events", None),
        ("/api/v1/ledger", None),
        ("/metrics", None),
        ("/api/v1/products/metrics", None),
        ("/internal/faults", None),
    ],
)
def test_the_table_and_nginx_lead_a_path_alike(path: str, service: str | None, shared: Any) -> None:
    """By whole segments; the longest route wins; what is below /api and stands nowhere is closed."""
    assert routes.service_for(path) == service
    reply = shared.ask(path)
    assert (reply.json()["service"] if reply.status == 200 else None) == service
    assert reply.status == (200 if service else 404)


@pytest.mark.parametrize(
    "path",
    [
        "/metrics",
        "/livez",
        "/readyz",
        "/internal/faults",
        "/internal",
        "//metrics",
        "///internal//faults",
        "/%6detrics",
        "/%6D%65trics",
        "/./metrics",
        "/%2e/metrics",
        "/METRICS",
        "/Internal/faults",
        "/metrics/",
        "/metrics/.",
        "/metrics?x=1",
        "/metrics;x",
        "/metrics#x",
        "/api/v1/../../metrics",
        "/api/v1/products/../../../metrics",
        "/api/v1/products/..%2f..%2f..%2fmetrics",
        "/api/v1/products/%2e%2e/%2e%2e/%2e%2e/metrics",
        "/api/v1/products%2f..%2f..%2f..%2fmetrics",
        "/api/v1/products/..%5c..%5cmetrics",
        "/api/v1/products/..\\..\\metrics",
        "/metrics/../api/v1/products",
        "/metrics%2f..%2fapi%2fv1%2fproducts",
        "/api/v1/products/..;/metrics",
        "/static/../metrics",
        "/storefront/metrics",
        "/catalog/internal/faults",
        "/%2fmetrics",
        "/%2Fmetrics",
        "/api/v1/products/%2e%2e",
        "//api/v1/payments",
        "/api/%2e/v1/payments",
        "/api/v1/%70ayments",
        "/api//v1//ledger",
        "/api/v1/carts/../webhooks/payments",
    ],
)
def test_operational_and_closed_paths_are_404_in_every_form(path: str, shared: Any) -> None:
    """Twice over: in the first line, and in a first line with the host. No service sees any of it."""
    before = {name: len(each.seen) for name, each in shared.services.items()}
    for start in ("", "http://localhost"):
        reply = shared.raw(f"GET {start}{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        assert reply.status == 404, start
    assert {name: len(each.seen) for name, each in shared.services.items()} == before


@pytest.mark.parametrize("path", ["/../metrics", "/metrics%00", "/%", "/api/v1/../../../metrics"])
def test_a_path_that_means_nothing_is_a_400(path: str, shared: Any) -> None:
    """nginx itself refuses what leads above the root, a zero byte, and half an escape."""
    assert shared.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()).status == 400


@pytest.mark.parametrize("path", ["/search?q=a//b/../c%2fd;e", "/p/A.B-1_x", "/c/%C3%A9t%C3%A9", "/c/caf%C3%A9?x=%2e"])
def test_ordinary_paths_and_all_queries_pass_as_they_are(path: str, shared: Any) -> None:
    """Nothing is decoded or tidied on the way."""
    assert shared.ask(path).json()["path"] == path


def test_a_double_encoding_stays_one_that_no_service_decodes_twice(shared: Any) -> None:
    """`%256d` is passed on as it is: a service decodes it to `%6d`, and knows no such page."""
    assert shared.ask("/%256detrics").json()["path"] == "/%256detrics"
