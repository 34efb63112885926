"""Idempotency-Keys that are others', of other routes, of other bodies, or none."""

import uuid

import pytest

from services.shared.identity import STAFF
from tests.attacks.attacker import Attacker, code
from tests.attacks.shopping import Customer, refund, units_of
from tests.attacks.wire import request, send, statuses

KEYS = "key reuse across users"
MOVEMENTS = "/api/v1/stock/KIT-1005/movements"


def key() -> dict[str, str]:
    """A key of this test's own."""
    return {"Idempotency-Key": uuid.uuid4().hex}


@pytest.mark.attack(KEYS)
def test_anothers_key_tells_nothing(victim: Customer, mallory: Customer) -> None:
    """The key of another customer's order, with their cart, and with one's own. 404, and an order of one's own."""
    used = key()
    order = victim.check_out(victim.cart(), headers=used).json()
    assert mallory.check_out(order["cart_id"], headers=used).status == 404
    own = mallory.check_out(mallory.cart(), headers=used)
    assert own.status == 201
    assert "idempotent-replayed" not in own.headers
    assert own.json()["order_id"] != order["order_id"]


@pytest.mark.attack(KEYS)
def test_anothers_key_blocks_nobody(victim: Customer, mallory: Customer) -> None:
    """A key that an attacker has used before its owner does. The owner's order is made as if it were new."""
    used = key()
    assert mallory.check_out(mallory.cart(), headers=used).status == 201
    bought = victim.check_out(victim.cart(), headers=used)
    assert bought.status == 201
    assert "idempotent-replayed" not in bought.headers


@pytest.mark.attack(KEYS)
def test_a_key_with_another_body(victim: Customer) -> None:
    """A key again, with another cart, card, or white space. 422, and nothing more is ordered."""
    used, cart = key(), victim.cart()
    assert victim.check_out(cart, headers=used).status == 201
    for changed in (
        victim.check_out(victim.cart(), headers=used),
        victim.check_out(cart, headers=used, method="tok_x"),
    ):
        assert code(changed) == (422, "idempotency_key_reused")
    assert len(victim.order_ids()) == 1


@pytest.mark.attack(KEYS)
def test_a_key_on_another_route(attacker: Attacker, victim: Customer) -> None:
    """The key of a checkout on a cancellation and on a refund. Each is a request of its own."""
    used = key()
    first, second = victim.check_out(victim.cart(), headers=used).json(), victim.order()
    for order in (first, second):
        path = f"/api/v1/orders/{order['order_id']}/cancel"
        cancelled = victim.ask(path, "POST", headers=used)
        assert (cancelled.status, cancelled.json()["order_id"]) == (200, order["order_id"])
    third = victim.order()
    assert refund(attacker, third["order_id"], **used).json()["order_id"] == third["order_id"]


@pytest.mark.attack(KEYS)
def test_anothers_cancellation_is_not_replayed(victim: Customer, mallory: Customer) -> None:
    """The key of a cancellation that was answered, by somebody else. 404, not the stored answer."""
    used, order = key(), victim.order()
    path = f"/api/v1/orders/{order['order_id']}/cancel"
    assert victim.ask(path, "POST", headers=used).status == 200
    assert mallory.ask(path, "POST", headers=used).status == 404


@pytest.mark.attack(KEYS)
def test_a_key_that_is_repeated_counts_once(attacker: Attacker) -> None:
    """A delivery booked five times with one key, and once by somebody else with the same. Two deliveries."""
    used = key()
    before, _ = units_of(attacker, "KIT-1005")
    body = {"kind": "receive", "quantity": 7, "reason": "Delivery 4711"}
    for _ in range(5):
        assert attacker.ask("inventory", MOVEMENTS, "POST", body, role=STAFF, headers=used).status == 201
    other = attacker.ask("inventory", MOVEMENTS, "POST", body, role=STAFF, subject="u_other", headers=used)
    assert "idempotent-replayed" not in other.headers
    assert units_of(attacker, "KIT-1005")[0] == before + 14


@pytest.mark.attack(KEYS)
@pytest.mark.parametrize("sent", [None, "", " ", "a b", "a" * 256, "é", "a\tb"])
def test_no_key_at_all(attacker: Attacker, victim: Customer, sent: str | None) -> None:
    """No key, an empty one, one that is too long or no visible ASCII, on each route that needs one. 400."""
    order = victim.order()
    headers = {} if sent is None else {"Idempotency-Key": sent}
    body = {"cart_id": order["cart_id"], "payment_method": "tok_visa"}
    movement = {"kind": "receive", "quantity": 1, "reason": "Delivery 4711"}
    answers = (
        victim.ask("/api/v1/orders", "POST", body, headers=headers),
        victim.ask(f"/api/v1/orders/{order['order_id']}/cancel", "POST", headers=headers),
        attacker.ask("inventory", MOVEMENTS, "POST", movement, role=STAFF, headers=headers),
    )
    assert [code(each) for each in answers] == [(400, "idempotency_key_required")] * 3
    assert victim.ask(f"/api/v1/orders/{order['order_id']}").json() == order


@pytest.mark.attack(KEYS)
def test_a_key_with_a_control_character(attacker: Attacker, victim: Customer) -> None:
    """A key with DEL in it, which is no header's value. 400 from whoever reads HTTP, before any service sees it."""
    token = attacker.bearer("orders", subject=victim.subject)["Authorization"]
    typed = ("Content-Type: application/json", "Content-Length: 2", "Connection: close")
    sent = request("POST", "/api/v1/orders", f"Authorization: {token}", "Idempotency-Key: a\x7f", *typed, body=b"{}")
    assert statuses(send(attacker.port("orders"), sent)) == [400]


@pytest.mark.attack(KEYS)
def test_a_key_is_a_text_and_no_pattern(victim: Customer) -> None:
    """SQL, wildcards and capitals as keys. Each is a key of its own."""
    made = set()
    for each in ("'OR'1'='1", "%", "_", "a%", "AB" + uuid.uuid4().hex[:4], "*", '";DROP'):
        answer = victim.check_out(victim.cart(), headers={"Idempotency-Key": each})
        assert answer.status == 201, each
        made.add(answer.json()["order_id"])
    assert len(made) == 7
