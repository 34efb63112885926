"""services/orders/adapters/catalog_http.py: what the catalog may answer, and what becomes of it."""

import json as json_module
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from services.orders.adapters.catalog_http import TIMEOUT_SECONDS, HttpCatalog
from services.orders.domain.cart import Offer
from services.orders.domain.cart_errors import CatalogUnavailable, ProductUnknown
from services.orders.domain.money import Money
from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.outbound import Peer, Reply

PAN = {
    "sku": "PAN-1",
    "name": "Pan",
    "description": "For two eggs.",
    "category": "kitchen",
    "price": {"minor_units": 2490, "currency": "EUR"},
    "version": 3,
}


class Answers:
    """A peer that answers *reply*, or raises it, and notes what it was asked."""

    def __init__(self, reply: Reply | Exception) -> None:
        self.reply = reply
        self.asked: list[tuple[Any, ...]] = []

    def call(self, operation: str, method: str, path: str, *, timeout: float, idempotent: bool) -> Reply:
        self.asked.append((operation, method, path, timeout, idempotent))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply


def test_a_product_is_an_offer() -> None:
    """SKU, name, price and version; asked once, as something that may be asked again."""
    peer = Answers(Reply(status=200, json=PAN))
    price = Money(minor_units=2490, currency="EUR")
    assert HttpCatalog(peer).price_of("PAN-1") == Offer(sku="PAN-1", name="Pan", price=price, version=3)
    assert peer.asked == [("get_product", "GET", "/api/v1/products/PAN-1", TIMEOUT_SECONDS, True)]


def test_fields_that_are_new_do_no_harm() -> None:
    """The catalog may add some; a name that is too long is shown in part."""
    product = PAN | {"colour": "black", "price": PAN["price"] | {"vat": 0.19}, "name": "n" * 300}
    assert HttpCatalog(Answers(Reply(status=200, json=product))).price_of("PAN-1").name == "n" * 200


def test_an_unknown_product_is_unknown() -> None:
    """404 says that nothing is sold under this SKU."""
    with pytest.raises(ProductUnknown):
        HttpCatalog(Answers(Reply(status=404, json={"code": "product_not_found"}))).price_of("PAN-1")


@pytest.mark.parametrize("sku", ["", "pan-1", "../stock", "PAN-1?x=1", "PAN-1\r\nHost: x", "P" * 40, "PAN%2F1"])
def test_a_malformed_sku_asks_nobody(sku: str) -> None:
    """Nobody chooses the path of a request from inside."""
    peer = Answers(Reply(status=200, json=PAN))
    with pytest.raises(ProductUnknown):
        HttpCatalog(peer).price_of(sku)
    assert peer.asked == []


@pytest.mark.parametrize(
    ("status", "json"),
    [
        pytest.param(401, None, id="our token is not taken"),
        pytest.param(304, None, id="nothing new"),
        pytest.param(200, None, id="no JSON"),
        pytest.param(200, [PAN], id="a list"),
        pytest.param(200, PAN | {"sku": "CUP-1"}, id="another product"),
        pytest.param(200, PAN | {"price": {"minor_units": 0, "currency": "EUR"}}, id="for nothing"),
        pytest.param(200, PAN | {"price": {"minor_units": 10**13, "currency": "EUR"}}, id="dearer than anything"),
        pytest.param(200, PAN | {"price": {"minor_units": 24.9, "currency": "EUR"}}, id="a fraction"),
        pytest.param(200, PAN | {"price": {"minor_units": "2490", "currency": "EUR"}}, id="a text"),
        pytest.param(200, PAN | {"price": {"minor_units": 2490, "currency": "eur"}}, id="no currency"),
        pytest.param(200, PAN | {"price": None}, id="no price"),
        pytest.param(200, PAN | {"name": ""}, id="no name"),
        pytest.param(200, PAN | {"name": "pa\0n"}, id="a name that PostgreSQL cannot hold"),
        pytest.param(200, PAN | {"name": "\ud800"}, id="a name that is half a character"),
        pytest.param(200, PAN | {"version": 0}, id="no version"),
    ],
)
def test_an_answer_that_cannot_be_relied_on_is_no_price(status: int, json: Any) -> None:
    """Nothing is guessed where money is concerned."""
    with pytest.raises(CatalogUnavailable):
        HttpCatalog(Answers(Reply(status=status, json=json))).price_of("PAN-1")


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        pytest.param(PeerUnavailable("breaker open", retry_after_seconds=7), 7, id="not asked"),
        pytest.param(PeerUnknown("no answer"), 1, id="no answer"),
    ],
)
def test_a_catalog_that_is_down_is_unavailable(error: Exception, seconds: int) -> None:
    """With when to ask again."""
    with pytest.raises(CatalogUnavailable) as raised:
        HttpCatalog(Answers(error)).price_of("PAN-1")
    assert raised.value.retry_after_seconds == seconds


@pytest.fixture
def catalog_server() -> Iterator[str]:
    """A catalog over real HTTP that sells one product."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/api/v1/products/PAN-1":
            return Response(json_module.dumps(PAN), content_type="application/json")
        return Response('{"code": "product_not_found"}', status=404, content_type="application/problem+json")

    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


def test_the_real_client_asks_a_real_server(catalog_server: str) -> None:
    """The adapter and services.shared.outbound fit together."""
    peer = Peer("catalog", catalog_server, None, registry=CollectorRegistry())
    catalog = HttpCatalog(peer)
    assert catalog.price_of("PAN-1").price == Money(minor_units=2490, currency="EUR")
    with pytest.raises(ProductUnknown):
        catalog.price_of("CUP-1")
    peer.close()


def test_the_real_client_without_a_server_is_unavailable() -> None:
    """A refused connection is an answer soon."""
    peer = Peer("catalog", "http://127.0.0.1:1", None, registry=CollectorRegistry())
    with pytest.raises(CatalogUnavailable):
        HttpCatalog(peer).price_of("PAN-1")
    peer.close()
