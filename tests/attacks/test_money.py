"""More money back than was paid, orders undone when they are gone, one cart ordered often: many at once."""

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local.shop_run import Answer
from services.shared.identity import CUSTOMER, SERVICE, WAREHOUSE
from tests.attacks.attacker import Attacker, code
from tests.attacks.shopping import Customer, fresh_key, payment_of, refund, settled_units, units_of

REFUNDS = "refund > captured, concurrent refunds"
CANCEL = "cancel after fulfilment"
ONE_CART = "one cart ordered many times at once"
AT_ONCE = 6


def at_once(work: Callable[[], Answer]) -> list[Answer]:
    """What *work* is answered, done by several threads at the same time."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [each.result() for each in [pool.submit(work) for _ in range(AT_ONCE)]]


def pay(attacker: Attacker, units: int) -> str:
    """The reference of a payment of *units* cents that is captured."""
    reference = f"ord_{uuid.uuid4().hex}"
    amount = {"minor_units": units, "currency": "EUR"}
    body = {"reference": reference, "amount": amount, "payment_method": "tok_visa"}
    asked = attacker.ask("payments", "/api/v1/payments", "POST", body, role=SERVICE, headers=fresh_key())
    assert asked.status == 201
    path = f"/api/v1/payments/{reference}/capture"
    assert attacker.ask("payments", path, "POST", role=SERVICE, headers=fresh_key()).status == 200
    return reference


def pay_back(attacker: Attacker, reference: str, units: int, currency: str = "EUR") -> Answer:
    """Ask the gateway for a refund, past orders."""
    body = {"amount": {"minor_units": units, "currency": currency}}
    path = f"/api/v1/payments/{reference}/refunds"
    return attacker.ask("payments", path, "POST", body, role=SERVICE, headers=fresh_key())


def fulfil(attacker: Attacker, order_id: str) -> Answer:
    """The warehouse sends an order."""
    return attacker.ask("orders", f"/api/v1/orders/{order_id}/fulfilment", "POST", role=WAREHOUSE)


@pytest.mark.attack(REFUNDS)
def test_more_than_was_captured(attacker: Attacker) -> None:
    """A cent more than was paid, and a second refund of the rest and a cent. 409, and only what was paid goes back."""
    reference = pay(attacker, 1000)
    assert code(pay_back(attacker, reference, 1001)) == (409, "refund_exceeds_capture")
    assert pay_back(attacker, reference, 600).status == 201
    assert code(pay_back(attacker, reference, 401)) == (409, "refund_exceeds_capture")
    assert payment_of(attacker, reference)["refunded"] == 600


@pytest.mark.attack(REFUNDS)
@pytest.mark.parametrize("currency", ["USD", "JPY", "XXX"])
def test_in_another_currency(attacker: Attacker, currency: str) -> None:
    """A refund in a currency that is worth more. 4xx, and nothing goes back."""
    reference = pay(attacker, 1000)
    assert 400 <= pay_back(attacker, reference, 100, currency).status < 500
    assert payment_of(attacker, reference)["refunded"] == 0


@pytest.mark.attack(REFUNDS)
def test_what_was_never_captured(attacker: Attacker) -> None:
    """A refund of what is only held, of what was declined, of what nobody paid. 4xx."""
    held = f"ord_{uuid.uuid4().hex}"
    for reference, method in ((held, "tok_visa"), (f"ord_{uuid.uuid4().hex}", "tok_declined")):
        amount = {"minor_units": 500, "currency": "EUR"}
        body = {"reference": reference, "amount": amount, "payment_method": method}
        attacker.ask("payments", "/api/v1/payments", "POST", body, role=SERVICE, headers=fresh_key())
        assert 400 <= pay_back(attacker, reference, 1).status < 500
        assert payment_of(attacker, reference)["refunded"] == 0
    assert pay_back(attacker, f"ord_{uuid.uuid4().hex}", 1).status == 404


@pytest.mark.attack(REFUNDS)
def test_many_part_refunds_at_once(attacker: Attacker) -> None:
    """Six refunds of 40 % at once, each with its own key. Two are paid; never more than was captured."""
    reference = pay(attacker, 1000)
    answers = at_once(lambda: pay_back(attacker, reference, 400))
    assert sorted(each.status for each in answers) == [201] * 2 + [409] * 4
    assert payment_of(attacker, reference)["refunded"] == 800
    entries = attacker.ask("payments", f"/api/v1/ledger?reference={reference}", role=SERVICE).json()["items"]
    assert sum(each["amount"]["minor_units"] for each in entries if each["kind"].lower().startswith("refund")) == 800


@pytest.mark.attack(REFUNDS)
def test_an_order_refunded_many_times_at_once(attacker: Attacker, victim: Customer) -> None:
    """Six members of staff who refund one order at the same time. It is paid back once."""
    order = victim.order()
    answers = at_once(lambda: refund(attacker, order["order_id"]))
    assert {each.status for each in answers} <= {200, 202, 409}
    assert refund(attacker, order["order_id"]).status == 200
    paid = payment_of(attacker, order["order_id"])
    assert paid["refunded"] == paid["captured"] == order["total"]["minor_units"]


@pytest.mark.attack(REFUNDS)
def test_cancelled_and_refunded_at_once(attacker: Attacker, victim: Customer) -> None:
    """The owner cancels while staff refund. The money comes back once, and so do the units."""
    on_hand = settled_units(attacker)
    order = victim.order(quantity=2)
    turn = iter(range(AT_ONCE))

    def undo() -> Answer:
        if next(turn) % 2:
            return refund(attacker, order["order_id"])
        return victim.ask(f"/api/v1/orders/{order['order_id']}/cancel", "POST", headers=fresh_key())

    assert {each.status for each in at_once(undo)} <= {200, 202, 409}
    assert refund(attacker, order["order_id"]).status == 200
    paid = payment_of(attacker, order["order_id"])
    assert paid["refunded"] == paid["captured"]
    assert units_of(attacker)[0] <= on_hand


@pytest.mark.attack(REFUNDS)
@pytest.mark.parametrize("body", [{"amount": 1}, {"amount": {"minor_units": 1, "currency": "EUR"}}, {"total": 1}])
def test_staff_name_no_amount(attacker: Attacker, victim: Customer, body: dict[str, Any]) -> None:
    """A refund of an order with an amount of one's own. 422: it is always what was paid."""
    path = f"/api/v1/orders/{victim.order()['order_id']}/refunds"
    assert attacker.ask("orders", path, "POST", body, role="staff", headers=fresh_key()).status == 422


@pytest.mark.attack(CANCEL)
def test_a_sent_order_is_not_cancelled(attacker: Attacker, victim: Customer) -> None:
    """Keep what was sent, and get the money back. 409, and the gateway keeps it."""
    order = victim.order()
    assert fulfil(attacker, order["order_id"]).status == 200
    refused = victim.ask(f"/api/v1/orders/{order['order_id']}/cancel", "POST", headers=fresh_key())
    assert code(refused) == (409, "order_fulfilled")
    assert payment_of(attacker, order["order_id"])["refunded"] == 0


@pytest.mark.attack(CANCEL)
def test_a_cancelled_order_is_not_sent(attacker: Attacker, victim: Customer) -> None:
    """Get the money back, and what was ordered too. 409 to the warehouse."""
    order = victim.order()
    assert victim.ask(f"/api/v1/orders/{order['order_id']}/cancel", "POST", headers=fresh_key()).status == 200
    assert fulfil(attacker, order["order_id"]).status == 409


@pytest.mark.attack(CANCEL)
def test_cancelled_and_sent_at_once(attacker: Attacker, victim: Customer) -> None:
    """The owner cancels while the warehouse sends. One of them wins: never both goods and money."""
    order = victim.order()
    path = f"/api/v1/orders/{order['order_id']}/cancel"
    with ThreadPoolExecutor(2) as pool:
        sent = pool.submit(fulfil, attacker, order["order_id"])
        cancelled = pool.submit(victim.ask, path, "POST", headers=fresh_key())
        won = (sent.result().status == 200, cancelled.result().status in (200, 202))
    assert won in ((True, False), (False, True))
    refunded = payment_of(attacker, order["order_id"])["refunded"]
    assert (refunded > 0) == won[1]


@pytest.mark.attack(ONE_CART)
def test_one_cart_ordered_at_once(attacker: Attacker, victim: Customer) -> None:
    """Six checkouts of one cart, each with its own key. One order, one capture, the units of one."""
    # A product that no other test buys: units of theirs may be sent, or let go, at any moment.
    sku = "KIT-1006"
    cart = victim.cart(sku, quantity=2)
    on_hand, held = units_of(attacker, sku)
    answers = at_once(lambda: victim.check_out(cart))
    assert [each.status for each in answers].count(201) == 1
    assert {each.status for each in answers} <= {201, 202, 409}
    (order_id,) = victim.order_ids()
    total = victim.ask(f"/api/v1/orders/{order_id}").json()["total"]["minor_units"]
    assert payment_of(attacker, order_id)["captured"] == total
    assert units_of(attacker, sku) == (on_hand - 2, held)


@pytest.mark.attack(ONE_CART)
def test_one_key_sent_at_once(victim: Customer) -> None:
    """The same checkout six times with one key. One order; the rest are its answer, or told to wait."""
    cart, headers = victim.cart(), fresh_key()
    answers = at_once(lambda: victim.check_out(cart, headers=headers))
    assert {each.status for each in answers} <= {201, 409}
    assert len({each.json()["order_id"] for each in answers if each.status == 201}) == 1
    assert len(victim.order_ids()) == 1


@pytest.mark.attack(ONE_CART)
def test_a_cart_is_not_changed_while_it_is_paid(attacker: Attacker, victim: Customer) -> None:
    """More units put into a cart while it is ordered. What is paid is what is sent."""
    cart = victim.cart()
    with ThreadPoolExecutor(2) as pool:
        bought = pool.submit(victim.check_out, cart)
        put = [pool.submit(put_more, attacker, victim.subject, cart, number) for number in (5, 9)]
        order = bought.result()
        assert {each.result() for each in put} <= {200, 409, 412}
    if order.status == 201:
        (line,) = order.json()["lines"]
        assert order.json()["total"]["minor_units"] == line["quantity"] * line["unit_price"]["minor_units"]
        captured = payment_of(attacker, order.json()["order_id"])["captured"]
        assert captured == order.json()["total"]["minor_units"]


def put_more(attacker: Attacker, subject: str, cart: str, quantity: int) -> int:
    """The status of *quantity* units put into *cart*."""
    path = f"/api/v1/carts/{cart}/items/KIT-1001"
    return attacker.ask("orders", path, "PUT", {"quantity": quantity}, role=CUSTOMER, subject=subject).status
