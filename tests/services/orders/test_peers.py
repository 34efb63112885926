"""services/orders/adapters/{inventory,payments}_http.py: what each reply is taken for."""

from collections.abc import Callable
from typing import Any

import pytest

from services.orders.adapters.inventory_http import HttpInventory
from services.orders.adapters.payments_http import HttpPayments
from services.orders.domain import order_errors
from services.orders.domain.money import Money
from services.orders.domain.order_errors import Shortage
from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.outbound import Reply
from services.shared.outbox import Event
from tests.services.orders.test_order import LINE

ID = "ord_" + "0" * 32
EUR = Money(minor_units=500, currency="EUR")
OK = Reply(status=200, json={})


class Peer:
    """Answers with what it is given, and notes what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.asked: list[tuple[str, str, Any, dict[str, str]]] = []

    def call(self, operation: str, method: str, path: str, **more: Any) -> Reply:
        assert more["idempotent"]
        self.asked.append((method, path, more.get("json"), more.get("headers") or {}))
        return self.reply


def refusal(status: int, code: str, **more: Any) -> Reply:
    """A problem."""
    return Reply(status=status, json={"code": code, **more})


INVENTORY: dict[str, Callable[[HttpInventory], object]] = {
    "reserve": lambda stock: stock.reserve(ID, [LINE], ttl_seconds=600),
    "extend": lambda stock: stock.extend(ID, ttl_seconds=600),
    "commit": lambda stock: stock.commit(ID),
    "release": lambda stock: stock.release(ID),
    "return": lambda stock: stock.take_back(ID),
    "tell": lambda stock: stock.tell(Event(event_id="evt_1", type="OrderCancelled", subject=ID, occurred_at_ms=1000)),
}
PAYMENTS: dict[str, Callable[[HttpPayments], object]] = {
    "find": lambda gateway: gateway.find(ID),
    "authorise": lambda gateway: gateway.authorise(ID, EUR, "tok_visa"),
    "capture": lambda gateway: gateway.capture(ID),
    "void": lambda gateway: gateway.void(ID),
    "refund": lambda gateway: gateway.refund(ID, EUR),
    "page": lambda gateway: gateway.page(None),
}


@pytest.mark.parametrize(
    ("operation", "reply", "error"),
    [
        ("reserve", refusal(409, "reservation_closed"), order_errors.ReservationClosed),
        ("reserve", refusal(409, "reservation_conflict"), order_errors.ReservationClosed),
        ("reserve", refusal(409, "out_of_stock"), PeerUnknown),
        ("reserve", refusal(409, "out_of_stock", lines=[{"sku": "NONE-1", "available": 1}]), PeerUnknown),
        ("extend", refusal(409, "reservation_committed"), order_errors.ReservationClosed),
        ("commit", refusal(409, "reservation_closed"), order_errors.ReservationClosed),
        ("commit", refusal(404, "reservation_not_found"), order_errors.ReservationClosed),
        ("commit", refusal(404, "not_found"), PeerUnknown),
        ("release", refusal(409, "reservation_committed"), order_errors.ReservationCommitted),
        ("release", refusal(409, "something_new"), PeerUnknown),
        ("return", refusal(409, "reservation_not_committed"), order_errors.ReservationClosed),
        ("tell", refusal(422, "invalid_request"), PeerUnknown),
        *((operation, refusal(401, "invalid_token"), PeerUnavailable) for operation in INVENTORY),
        *((operation, refusal(403, "forbidden"), PeerUnavailable) for operation in INVENTORY),
        *((operation, Reply(status=418), PeerUnknown) for operation in INVENTORY),
    ],
)
def test_inventory_refuses(operation: str, reply: Reply, error: type[Exception]) -> None:
    """What it says is taken at its word; what it never said before, as not known."""
    with pytest.raises(error):
        INVENTORY[operation](HttpInventory(Peer(reply)))


def test_what_is_short_is_put_in_its_place() -> None:
    """By SKU, whatever order inventory has."""
    reply = refusal(409, "out_of_stock", lines=[{"sku": "MUG-1", "requested": 2, "available": 1}])
    with pytest.raises(order_errors.OutOfStock) as raised:
        INVENTORY["reserve"](HttpInventory(Peer(reply)))
    assert raised.value.shortages == (Shortage(line=0, sku="MUG-1", requested=2, available=1),)


def test_an_event_is_told_as_inventory_reads_it() -> None:
    """The order's id, and the moment in RFC 3339."""
    peer = Peer(OK)
    INVENTORY["tell"](HttpInventory(peer))
    ((method, path, body, _),) = peer.asked
    assert (method, path) == ("POST", "/api/v1/events")
    assert body == {
        "event_id": "evt_1",
        "type": "OrderCancelled",
        "occurred_at": "1970-01-01T00:00:01.000Z",
        "data": {"order_id": ID},
    }


@pytest.mark.parametrize(
    ("operation", "reply", "error"),
    [
        ("authorise", refusal(402, "card_declined", decline_code="expired_card"), order_errors.Declined),
        ("authorise", refusal(422, "invalid_request"), order_errors.Declined),
        ("authorise", refusal(422, "payment_mismatch"), PeerUnknown),
        ("authorise", refusal(409, "payment_closed"), order_errors.PaymentClosed),
        ("authorise", refusal(409, "idempotency_key_in_use"), PeerUnknown),
        ("capture", refusal(409, "payment_closed"), order_errors.PaymentClosed),
        ("capture", refusal(404, "payment_not_found"), PeerUnknown),
        ("void", refusal(409, "payment_captured"), order_errors.PaymentCaptured),
        ("refund", refusal(409, "refund_exceeds_capture"), order_errors.RefundRefused),
        ("find", Reply(status=200, json={"reference": ID}), PeerUnknown),
        ("find", refusal(404, "not_found"), PeerUnknown),
        ("page", Reply(status=200, json=[]), PeerUnknown),
        *((operation, refusal(401, "invalid_token"), PeerUnavailable) for operation in PAYMENTS),
        *((operation, Reply(status=418), PeerUnknown) for operation in PAYMENTS),
    ],
)
def test_the_gateway_refuses(operation: str, reply: Reply, error: type[Exception]) -> None:
    """A key that is in use is not known, never declined."""
    with pytest.raises(error):
        PAYMENTS[operation](HttpPayments(Peer(reply)))


@pytest.mark.parametrize("operation", ["authorise", "capture", "void", "refund"])
def test_a_repeat_has_the_same_key(operation: str) -> None:
    """Made of the order's id and the operation, so that the gateway knows it again."""
    peer = Peer(Reply(status=200, json={}))
    for _ in range(2):
        PAYMENTS[operation](HttpPayments(peer))
    assert {headers["Idempotency-Key"] for *_, headers in peer.asked} == {f"{ID}:{operation}"}


def test_another_payment_is_not_ours() -> None:
    """Whose reference is another is not believed."""
    body = {"reference": "ord_" + "1" * 32, "state": "CAPTURED", "amount": {"minor_units": 1, "currency": "EUR"}}
    with pytest.raises(PeerUnknown):
        HttpPayments(Peer(Reply(status=200, json=body | {"captured": 1, "refunded": 0}))).find(ID)


def test_no_payment_is_none() -> None:
    """Only where the gateway says so in its own word."""
    assert HttpPayments(Peer(refusal(404, "payment_not_found"))).find(ID) is None
