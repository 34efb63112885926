"""The shop under SIGKILL: whatever dies, no order is lost, no unit oversold, no card charged twice."""

import contextlib
import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.shop import SERVICES, WORKERS
from local.shop_run import Answer, ShopRun, running_shop

CLIENTS = 16
# As customers pay: one in ten answers of the gateway is lost after the charge, some cards are declined.
METHODS = ("tok_visa",) * 6 + ("tok_mastercard",) * 2 + ("tok_timeout_after", "tok_declined")
SCARCE_UNITS = 40
LINES = 3
SKUS = 6
ANSWER_SECONDS = 90.0
QUIET_SECONDS = 120.0
FINAL = frozenset({"CONFIRMED", "DECLINED", "CANCELLED", "EXPIRED"})


class Client(threading.Thread):
    """A customer who buys until their share is done, and repeats with the same key whatever was not answered."""

    def __init__(self, running: ShopRun, number: int, checkouts: int, skus: list[str]) -> None:
        super().__init__(name=f"client-{number}")
        self.subject = f"u-{number}"
        self.answers: list[tuple[str, int, Any]] = []
        self.unanswered: list[str] = []
        self._shop = running
        self._checkouts = checkouts
        self._skus = skus
        self._random = random.Random(number)

    def run(self) -> None:
        for _ in range(self._checkouts):
            self._buy()

    def _buy(self) -> None:
        key = uuid.uuid4().hex
        made = self._until({201}, "/api/v1/carts", "POST", {}, key=uuid.uuid4().hex)
        if made is None:
            self.unanswered.append(key)
            return
        cart = made.json()["cart_id"]
        for sku in self._random.sample(self._skus, LINES):
            self._until({200, 201}, f"/api/v1/carts/{cart}/items/{sku}", "PUT", {"quantity": 1})
        body = {"cart_id": cart, "payment_method": self._random.choice(METHODS)}
        answer = self._until({201, 202, 402, 409}, "/api/v1/orders", "POST", body, key=key)
        if answer is None:
            self.unanswered.append(key)
        else:
            self.answers.append((key, answer.status, answer.json()))

    def _until(self, wanted: set[int], path: str, method: str, body: Any, *, key: str | None = None) -> Answer | None:
        """Ask until the answer is one of *wanted*; None when none came in time."""
        deadline = time.monotonic() + ANSWER_SECONDS
        headers = {} if key is None else {"Idempotency-Key": key}
        while time.monotonic() < deadline:
            bearer = self._shop.issuer.bearer(self.subject, {"customer"}, "orders")
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                answer = self._shop.ask("orders", path, method, body, headers={**bearer, **headers})
                in_use = answer.status == 409 and answer.json().get("code") == "idempotency_key_in_use"
                if answer.status in wanted and not in_use:
                    return answer
            time.sleep(0.1 + self._random.random() * 0.3)
        return None


def kill_some(running: ShopRun, kills: int, seed: int, done: threading.Event) -> list[str]:
    """Kill *kills* services and workers, one at a time, and start each again; whom it hit."""
    draw = random.Random(seed)
    order = [*SERVICES, *WORKERS]
    draw.shuffle(order)
    killed = []
    for number in range(kills):
        # Each of them in turn, then by chance.
        name = order[number] if number < len(order) else draw.choice(order)
        time.sleep(0.4 + draw.random() * 1.2)
        running.kill(name)
        killed.append(name)
        time.sleep(draw.random() * 0.8)
        running.start(name)
        if name in SERVICES:
            running.await_ready(name)
        if done.is_set() and number >= kills - 1:
            break
    return killed


def pages(running: ShopRun, service: str, path: str, bearer: dict[str, str]) -> Iterator[Any]:
    """Every item of a list."""
    cursor = None
    while True:
        query = f"{path}?limit=100" + (f"&cursor={cursor}" if cursor else "")
        answer = running.ask(service, query, headers=bearer)
        assert answer.status == 200, answer.body
        page = answer.json()
        yield from page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return


def orders_of(running: ShopRun, clients: list[Client]) -> dict[str, Any]:
    """All orders of *clients*, by id."""
    found = {}
    for client in clients:
        bearer = running.issuer.bearer(client.subject, {"customer"}, "orders")
        for order in pages(running, "orders", "/api/v1/orders", bearer):
            found[order["order_id"]] = order
    return found


def settled(running: ShopRun, clients: list[Client]) -> dict[str, Any]:
    """The orders once each has come to an end."""
    deadline = time.monotonic() + QUIET_SECONDS
    while True:
        orders = orders_of(running, clients)
        moving = {order_id: each["state"] for order_id, each in orders.items() if each["state"] not in FINAL}
        if not moving:
            return orders
        assert time.monotonic() < deadline, f"unknown left: {moving}"
        time.sleep(0.5)


def stock(running: ShopRun, skus: list[str]) -> dict[str, tuple[int, int]]:
    """(on hand, reserved) of *skus*, as staff see it."""
    bearer = running.issuer.bearer("staff-1", {"staff"}, "inventory")
    found = {}
    for sku in skus:
        detail = running.ask("inventory", f"/api/v1/stock/{sku}/detail", headers=bearer).json()
        found[sku] = (detail["on_hand"], detail["reserved"])
    return found


def make_scarce(running: ShopRun, sku: str, units: int) -> None:
    """Leave *units* of *sku* on hand."""
    on_hand, _ = stock(running, [sku])[sku]
    bearer = running.issuer.bearer("staff-1", {"staff"}, "inventory")
    answer = running.ask(
        "inventory",
        f"/api/v1/stock/{sku}/movements",
        "POST",
        {"kind": "adjust", "quantity": units - on_hand, "reason": "scarce for a test"},
        headers={**bearer, "Idempotency-Key": uuid.uuid4().hex},
    )
    assert answer.status == 201, answer.body


def judge(
    running: ShopRun, clients: list[Client], skus: list[str], before: dict[str, tuple[int, int]]
) -> dict[str, int]:
    """Compare orders, gateway and stock; the counts of what happened.

    Raises:  AssertionError: something was lost, oversold or charged twice.
    """
    orders = settled(running, clients)
    bearer = running.issuer.bearer("service:orders", {"service"}, "payments")
    payments = {each["reference"]: each for each in pages(running, "payments", "/api/v1/payments", bearer)}
    acknowledged = [(status, body) for client in clients for _, status, body in client.answers]
    sold = dict.fromkeys(skus, 0)
    for order_id, order in orders.items():
        payment = payments.get(order_id, {"captured": 0, "refunded": 0})
        if order["state"] == "CONFIRMED":
            assert payment["captured"] == order["total"]["minor_units"], f"{order_id}: not charged its total"
            assert payment["refunded"] == 0
            entries = running.ask("payments", f"/api/v1/ledger?reference={order_id}", headers=bearer).json()["items"]
            assert [entry["kind"] for entry in entries].count("CAPTURE") == 1, f"{order_id}: not charged once"
            for line in order["lines"]:
                sold[line["sku"]] += line["quantity"]
        else:
            assert payment["captured"] == payment["refunded"], f"{order_id}: {order['state']} and charged"
    assert not set(payments) - set(orders), "a payment of an order that is lost"
    for status, body in acknowledged:
        if status == 201:
            assert orders[body["order_id"]]["state"] == "CONFIRMED", "a confirmed order is lost"
        if status == 202:
            assert body["order_id"] in orders, "an accepted order is lost"
    deadline = time.monotonic() + 30
    while any(reserved for _, reserved in stock(running, skus).values()) and time.monotonic() < deadline:
        time.sleep(0.5)
    for sku, (on_hand, reserved) in stock(running, skus).items():
        assert reserved == 0, f"{sku}: {reserved} units are held by nobody"
        assert on_hand == before[sku][0] - sold[sku] >= 0, f"{sku}: oversold or lost"
    carts = [order["cart_id"] for order in orders.values() if order["state"] == "CONFIRMED"]
    assert len(carts) == len(set(carts)), "a cart was bought twice"
    states: dict[str, int] = {}
    for order in orders.values():
        states[order["state"]] = states.get(order["state"], 0) + 1
    return states


def reconcile(running: ShopRun) -> None:
    """The shop's own jobs come to the same verdict."""
    for service in ("inventory", "orders"):
        done = running.run(f"services.{service}.jobs", "reconcile", service=service)
        assert done.returncode == 0, f"{service}: {done.stdout}{done.stderr}"


def survive(folder: Path, *, checkouts: int, kills: int, databases: dict[str, str] | None = None) -> dict[str, int]:
    """Run *checkouts* by 16 clients under *kills*, and judge what is there afterwards."""
    with running_shop(folder, databases=databases) as running:
        items = running.ask("catalog", "/api/v1/products?limit=50").json()["items"]
        skus = [item["sku"] for item in items if item["price"]["currency"] == "EUR"][:SKUS]
        make_scarce(running, skus[0], SCARCE_UNITS)
        before = stock(running, skus)
        share = [checkouts // CLIENTS + (number < checkouts % CLIENTS) for number in range(CLIENTS)]
        clients = [Client(running, number, each, skus) for number, each in enumerate(share)]
        done = threading.Event()
        killer = threading.Thread(target=kill_some, args=(running, kills, checkouts, done))
        for client in clients:
            client.start()
        killer.start()
        for client in clients:
            client.join()
        done.set()
        killer.join()
        states = judge(running, clients, skus, before)
        assert sum(len(client.answers) for client in clients) == checkouts, "a customer was never answered"
        reconcile(running)
        return states


def test_nothing_is_lost_when_processes_are_killed(tmp_path: Path) -> None:
    """200 checkouts by 16 clients, five kills, answers lost after the charge: every order ends well, and once."""
    states = survive(tmp_path, checkouts=200, kills=5)
    assert states["CONFIRMED"] > 50, json.dumps(states)


@pytest.mark.full
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_is_lost_in_a_thousand_checkouts(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """1,000 checkouts and 20 kills, on both databases."""
    databases = request.getfixturevalue("shop_databases") if kind == "postgresql" else None
    states = survive(tmp_path, checkouts=1000, kills=20, databases=databases)
    assert states["CONFIRMED"] > 100, json.dumps(states)
