"""The gateway's webhooks, as it signs them."""

import json

import pytest

from services.orders.domain.webhook_signature import HEADER, TOLERANCE_SECONDS
from services.payments.domain.signature import HEADER as SENT_HEADER
from services.payments.domain.signature import signature
from tests.services.orders.whole.small_shop import WEBHOOK_KEY, SmallShop

PATH = "/api/v1/webhooks/payments"


def body(reference: str, event_id: str = "evt_1") -> bytes:
    """A webhook as the gateway writes it."""
    document = {
        "event_id": event_id,
        "type": "payment.captured",
        "occurred_at": "2027-01-15T08:00:00.000Z",
        "data": {"reference": reference, "state": "CAPTURED", "captured": 500},
    }
    return json.dumps(document).encode()


def send(shop: SmallShop, sent: bytes, *, key: str = WEBHOOK_KEY, age: int = 0, header: str | None = None):
    """A webhook that was signed *age* seconds ago."""
    value = header or signature(key, sent, at=int(shop.clock.now) - age)
    return shop.app.test_client().post(PATH, data=sent, content_type="application/json", headers={HEADER: value})


def test_a_hint_brings_the_worker(shop: SmallShop) -> None:
    """An order whose payment is not known is settled at once, not when its time would come."""
    shop.peers["payments"].faults["authorise"] = ["answer lost"]
    order_id = shop.buy().json["order_id"]
    shop.work()
    assert shop.ask(f"/api/v1/orders/{order_id}").json["state"] == "PAYMENT_UNKNOWN"
    assert send(shop, body(order_id)).json == {"outcome": "noted"}
    shop.work()
    assert shop.ask(f"/api/v1/orders/{order_id}").json["state"] == "CONFIRMED"


def test_what_it_says_is_not_believed(shop: SmallShop) -> None:
    """`captured` alone confirms nothing: the gateway is asked, and knows of no payment."""
    shop.peers["payments"].faults["authorise"] = ["lost"]
    order_id = shop.buy(method="tok_declined").json["order_id"]
    send(shop, body(order_id))
    shop.work()
    assert shop.ask(f"/api/v1/orders/{order_id}").json["state"] == "DECLINED"


def test_a_repeat_is_a_duplicate(shop: SmallShop) -> None:
    """As often as it comes."""
    sent = body("ord_" + "0" * 32)
    assert [send(shop, sent).json["outcome"] for _ in range(3)] == ["ignored", "duplicate", "duplicate"]


def test_one_that_nobody_waits_for_is_taken(shop: SmallShop) -> None:
    """200, so that it does not come again: a confirmed order, an unknown reference."""
    order_id = shop.buy().json["order_id"]
    assert send(shop, body(order_id)).json == {"outcome": "ignored"}
    assert send(shop, body("ord_" + "f" * 32, "evt_2")).status_code == 200


@pytest.mark.parametrize("age", [TOLERANCE_SECONDS, -TOLERANCE_SECONDS])
def test_clocks_may_differ(shop: SmallShop, age: int) -> None:
    """By five minutes in either direction."""
    assert send(shop, body("ord_" + "0" * 32), age=age).status_code == 200


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"key": "another-key-of-16-characters"}, id="signed by somebody else"),
        pytest.param({"age": TOLERANCE_SECONDS + 1}, id="replayed later"),
        pytest.param({"age": -TOLERANCE_SECONDS - 1}, id="from the future"),
        pytest.param({"header": "t=1800000000,v1=" + "0" * 64}, id="made up"),
        pytest.param({"header": "v1=" + "0" * 64}, id="without a time"),
        pytest.param({"header": "t=１,v1=" + "0" * 64}, id="digits of another script"),
        pytest.param({"header": "x"}, id="nonsense"),
    ],
)
def test_what_proves_nothing_is_refused(shop: SmallShop, how: dict) -> None:
    """401, and nothing is noted, so that the real one still counts."""
    sent = body("ord_" + "0" * 32)
    if not how.get("header", "").isascii():
        how = {"header": how["header"].encode().decode("latin-1")}
    answer = send(shop, sent, **how)
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_signature")
    assert send(shop, sent).json["outcome"] == "ignored"


def test_a_changed_body_is_refused(shop: SmallShop) -> None:
    """The signature is over every byte."""
    sent = body("ord_" + "0" * 32)
    header = signature(WEBHOOK_KEY, sent, at=int(shop.clock.now))
    assert send(shop, sent.replace(b"500", b"501"), header=header).status_code == 401


def test_a_signed_body_of_another_form_is_422(shop: SmallShop) -> None:
    """The gateway has a fault; it is told."""
    assert send(shop, b'{"event_id": "evt_1"}').status_code == 422


def test_without_a_header(shop: SmallShop) -> None:
    """401 before the body is looked at."""
    assert shop.app.test_client().post(PATH, json={}).status_code == 401


def test_both_sides_use_one_header() -> None:
    """What the gateway sends is what is read here."""
    assert HEADER == SENT_HEADER
