"""Addresses that the attacker would have a service call: none can be told one."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest

from services.shared.identity import CUSTOMER
from tests.attacks.attacker import Attacker
from tests.attacks.forgery import Forger, bearer
from tests.attacks.good_requests import TOLERANT, body_of, caller_of, filled, headers_of, ids
from tests.attacks.route_map import documented
from tests.attacks.route_table import roles_of
from tests.attacks.shopping import SKU, Customer
from tests.attacks.wire import request, send

SSRF = "SSRF"
WORDS = ("url", "uri", "href", "link", "host", "callback", "webhook", "redirect", "endpoint", "proxy", "image")
QUIET_SECONDS = 0.3


class Trap:
    """A port that nobody has a reason to call."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self.address = f"http://127.0.0.1:{listener.getsockname()[1]}"

    def was_called(self) -> bool:
        """Whether somebody did, up to now."""
        try:
            self._listener.accept()[0].close()
        except TimeoutError:
            return False
        return True


@pytest.fixture
def trap() -> Iterator[Trap]:
    """One that is open."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(QUIET_SECONDS)
        yield Trap(listener)


def properties(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, schema) of every field in a schema and below."""
    if isinstance(node, dict):
        yield from node.get("properties", {}).items()
        for each in node.values():
            yield from properties(each)
    elif isinstance(node, list):
        for each in node:
            yield from properties(each)


@pytest.mark.attack(SSRF)
def test_no_field_takes_an_address(documents: dict[str, Any]) -> None:
    """A field or a parameter of a service that is an address by its name or its form. There is none."""
    for service, document in documents.items():
        parameters = [each for one in documented(document).values() for each in one.get("parameters", ())]
        fields = [
            *properties(document["components"]["schemas"]),
            *((each["name"], each["schema"]) for each in parameters),
        ]
        assert fields
        for name, schema in fields:
            assert not any(word in name.lower() for word in WORDS), f"{service}: {name}"
            assert schema.get("format") not in ("uri", "url", "hostname", "iri"), f"{service}: {name}"


@pytest.mark.attack(SSRF)
def test_an_address_as_each_text_of_each_body(attacker: Attacker, documents: dict[str, Any], trap: Trap) -> None:
    """An address of the attacker's in every text of every body, and in fields such as webhook_url. Nobody calls it."""
    for service, document in documents.items():
        for (path, method), each in documented(document).items():
            if "requestBody" not in each:
                continue
            body = {name: trap.address if isinstance(value, str) else value for name, value in _good(each).items()}
            role = caller_of(roles_of(service, method, path))
            for sent in (body, {**_good(each), "webhook_url": trap.address, "callback": trap.address}):
                answer = attacker.ask(service, filled(path, ids()), method, sent, role=role, headers=headers_of())
                # A movement's reason is free text, events may grow, and a token is what it is; all else has a form.
                taken = {200} if each["operationId"] in TOLERANT else {201}
                assert answer.status in taken | {202, 204, 400, 401, 404, 422}, f"{method} {path}: {answer.status}"
    assert not trap.was_called()


def _good(operation: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = body_of(operation["operationId"])
    return body


@pytest.mark.attack(SSRF)
def test_an_address_in_a_header(victim: Customer, trap: Trap) -> None:
    """An address in Host, Forwarded, Referer, baggage and others, where orders calls others. It is not called."""
    names = ("Forwarded", "X-Forwarded-Host", "X-Forwarded-Server", "X-Original-URL", "X-Callback-Url", "Referer")
    headers = dict.fromkeys((*names, "X-Webhook-Url", "baggage", "tracestate", "True-Client-IP"), trap.address)
    headers["Host"] = trap.address.removeprefix("http://")
    cart = victim.cart()
    assert victim.ask(f"/api/v1/carts/{cart}/items/{SKU}", "PUT", {"quantity": 2}, headers=headers).status == 200
    assert victim.check_out(cart, headers=headers_of(**headers)).status == 201
    assert not trap.was_called()


@pytest.mark.attack(SSRF)
def test_a_service_is_no_proxy(attacker: Attacker, trap: Trap) -> None:
    """A whole address as the target of a request, and CONNECT. The service answers itself, or refuses."""
    place = trap.address.removeprefix("http://")
    for service in documents_of(attacker):
        for sent in (
            request("GET", f"{trap.address}/livez", "Connection: close"),
            request("GET", f"//{place}/livez", "Connection: close"),
            request("GET", f"/@{place}/", "Connection: close"),
            request("CONNECT", place, "Connection: close"),
        ):
            assert send(attacker.port(service), sent).startswith(b"HTTP/1.1 ")
    assert not trap.was_called()


def documents_of(attacker: Attacker) -> list[str]:
    """The services under attack."""
    return [name for name in ("catalog", "inventory", "orders", "payments") if attacker.port(name)]


@pytest.mark.attack(SSRF)
def test_a_tokens_header_is_not_fetched(attacker: Attacker, trap: Trap) -> None:
    """`jku` and `x5u` in a token, known `kid` and unknown. No key is fetched; a good signature counts as before."""
    forger = Forger(attacker.shop.issuer)
    named = {"jku": f"{trap.address}/jwks.json", "x5u": f"{trap.address}/cert.pem"}
    for header, status in ((named, 200), ({**named, "kid": "unknown"}, 401)):
        assert attacker.ask("orders", "/api/v1/orders", headers=bearer(forger.token(header))).status == status
    assert not trap.was_called()


@pytest.mark.attack(SSRF)
@pytest.mark.parametrize(
    "method", ["http://169.254.169.254/", "tok_http://a", "tok_visa@evil.example", "file:///etc/passwd", "tok_visa\n"]
)
def test_a_payment_method_is_a_word(attacker: Attacker, method: str) -> None:
    """Addresses and files where a card's word is asked for. 422."""
    body = {**body_of("place_order"), "payment_method": method}
    answer = attacker.ask("orders", "/api/v1/orders", "POST", body, role=CUSTOMER, headers=headers_of())
    assert answer.status == 422
