"""Webhooks that are not the gateway's, or not of now; and what a true one cannot do either."""

import hmac
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from local.shop_run import SECRETS, Answer
from services.shared.identity import SERVICE
from tests.attacks.attacker import Attacker, code
from tests.attacks.shopping import Customer, payment_of

WEBHOOK = "webhook signature, replay, order"
PATH = "/api/v1/webhooks/payments"
KEY = SECRETS["WEBHOOK_KEY"]


def event(reference: str, kind: str = "payment.captured") -> dict[str, Any]:
    """What the gateway would send."""
    return {"event_id": f"evt_{uuid.uuid4().hex}", "type": kind, "data": {"reference": reference}}


def signature(raw: bytes, *, key: str = KEY, at: float | None = None) -> str:
    """The header that the gateway would sign *raw* with."""
    seconds = int(time.time() if at is None else at)
    return f"t={seconds},v1={hmac.digest(key.encode(), f'{seconds}.'.encode() + raw, 'sha256').hex()}"


def deliver(attacker: Attacker, raw: bytes, sent: str | None, **headers: str) -> Answer:
    """Send *raw* with this signature."""
    signed = {} if sent is None else {"Tillwatch-Signature": sent}
    return attacker.ask("orders", PATH, "POST", raw=raw, headers={**signed, **headers})


FORGERIES: dict[str, Callable[[bytes], str | None]] = {
    "none": lambda raw: None,
    "an empty one": lambda raw: "",
    "another key": lambda raw: signature(raw, key="a-webhook-key-of-mallorys-own"),
    "no key": lambda raw: signature(raw, key=""),
    "of another body": lambda raw: signature(raw + b" "),
    "in capitals": lambda raw: signature(raw).upper(),
    "cut short": lambda raw: signature(raw)[:-2],
    "another scheme": lambda raw: signature(raw).replace("v1=", "v0="),
    "two of them": lambda raw: f"{signature(raw)},v1={'0' * 64}",
    "without a time": lambda raw: signature(raw).partition(",")[2],
    "another time": lambda raw: "t=" + str(int(time.time()) + 1) + "," + signature(raw).partition(",")[2],
    "a negative time": lambda raw: "t=-1," + signature(raw).partition(",")[2],
    "301 seconds ago": lambda raw: signature(raw, at=time.time() - 302),
    "in 301 seconds": lambda raw: signature(raw, at=time.time() + 310),
    "in the year 2286": lambda raw: signature(raw, at=9_999_999_999),
    "at the beginning of time": lambda raw: signature(raw, at=0),
    "in other digits": lambda raw: signature(raw).replace("t=1", "t=\xb9"),
}


@pytest.mark.attack(WEBHOOK)
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_webhook(attacker: Attacker, victim: Customer, forge: Callable[[bytes], str | None]) -> None:
    """No signature, another key's, another body's, an old or a future one. 401, and each looks alike."""
    raw = json.dumps(event(victim.order()["order_id"])).encode()
    answer = deliver(attacker, raw, forge(raw))
    assert code(answer) == (401, "invalid_signature")
    assert answer.json()["detail"] == "The signature proves nothing."


@pytest.mark.attack(WEBHOOK)
def test_a_token_is_no_signature(attacker: Attacker, victim: Customer) -> None:
    """A webhook with the token of a service, of staff, or of the customer whose order it is. 401."""
    raw = json.dumps(event(victim.order()["order_id"])).encode()
    for role in (SERVICE, "staff", "admin", "customer"):
        answer = deliver(attacker, raw, None, **attacker.bearer("orders", role, victim.subject))
        assert code(answer) == (401, "invalid_signature")


@pytest.mark.attack(WEBHOOK)
def test_a_true_webhook_is_not_believed(attacker: Attacker, victim: Customer) -> None:
    """A stolen key: every kind of event about somebody's order. The order stays: the gateway is asked, not believed."""
    order = victim.order()
    for kind in ("payment.refunded", "payment.voided", "payment.declined", "payment.captured", "order.cancelled"):
        raw = json.dumps({**event(order["order_id"], kind), "state": "REFUNDED", "amount": 1}).encode()
        answer = deliver(attacker, raw, signature(raw))
        assert (answer.status, answer.json()["outcome"]) == (200, "ignored")
    assert victim.ask(f"/api/v1/orders/{order['order_id']}").json() == order
    assert payment_of(attacker, order["order_id"])["refunded"] == 0


@pytest.mark.attack(WEBHOOK)
def test_a_replayed_webhook(attacker: Attacker, victim: Customer) -> None:
    """A true webhook sent again, byte for byte, and again with a new signature. It counts once."""
    raw = json.dumps(event(victim.order()["order_id"])).encode()
    signed = signature(raw)
    outcomes = [
        deliver(attacker, raw, each).json()["outcome"] for each in (signed, signed, signature(raw, at=time.time() - 5))
    ]
    assert outcomes == ["ignored", "duplicate", "duplicate"]


@pytest.mark.attack(WEBHOOK)
def test_webhooks_in_another_order(attacker: Attacker, victim: Customer) -> None:
    """Captured after refunded, as if the money were still there. The order stays refunded, and is paid back once."""
    order = victim.order()
    path = f"/api/v1/orders/{order['order_id']}"
    headers = {"Idempotency-Key": uuid.uuid4().hex}
    assert victim.ask(f"{path}/cancel", "POST", headers=headers).status == 200
    before = victim.ask(path).json()
    for kind in ("payment.refunded", "payment.captured", "payment.authorised"):
        raw = json.dumps(event(order["order_id"], kind)).encode()
        assert deliver(attacker, raw, signature(raw)).status == 200
    assert victim.ask(path).json() == before
    assert payment_of(attacker, order["order_id"])["refunded"] == order["total"]["minor_units"]


@pytest.mark.attack(WEBHOOK)
@pytest.mark.parametrize(
    "change",
    [
        {"event_id": ""},
        {"event_id": "a" * 65},
        {"event_id": "a\n"},
        {"type": "A"},
        {"data": {}},
        {"data": {"reference": "' OR 1=1"}},
        {"data": {"reference": ["ord_1"]}},
        {"data": None},
    ],
)
def test_a_true_webhook_of_another_form(attacker: Attacker, change: dict[str, Any]) -> None:
    """Well signed, but with ids that are none. 422."""
    raw = json.dumps({**event(f"ord_{uuid.uuid4().hex}"), **change}).encode()
    assert deliver(attacker, raw, signature(raw)).status == 422


@pytest.mark.attack(WEBHOOK)
def test_a_webhook_of_another_type(attacker: Attacker) -> None:
    """Well signed, but as a form and as text, which other sites' pages can send. 415."""
    raw = json.dumps(event(f"ord_{uuid.uuid4().hex}")).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert deliver(attacker, raw, signature(raw), **{"Content-Type": kind}).status == 415
