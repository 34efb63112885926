"""A rolling restart under load: two replicas of each service on PostgreSQL, and no request through the door fails."""

import http.client
import itertools
import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.front_door import DoorSettings
from local.shop import SERVICES, WORKERS, is_worker, replicas_of
from local.shop_run import ShopRun, running_shop

PER_SECOND = 50
CLIENTS = 24
# Each shopper reads so often for each order, which is four requests of its own, and for each login, which is another
# four with a page.
READS = 12
PASSWORD = "tulip-lantern-42"
WAIT_SECONDS = 20
# All of them come from one address; what the door lets one address do is not in question here.
DOOR = DoorSettings(
    requests_per_second=1000, request_burst=1000, sign_ins_per_second=1000, sign_in_burst=1000, connections=500
)


@dataclass(slots=True)
class Load:
    """What clients saw. `late`: requests that began more than a second after their time, so that the rate was less."""

    shop: ShopRun
    answers: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    late: int = 0
    going: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """One request through the door, by a connection of its own; what is no JSON is text; None where it failed."""
        connection = http.client.HTTPConnection(urlsplit(self.shop.url).netloc, timeout=WAIT_SECONDS)
        what = f"{method} {'/'.join(path.split('/')[:4])}"
        try:
            sent = None if body is None else json.dumps(body).encode()
            typed = {} if body is None else {"Content-Type": "application/json"}
            connection.request(method, path, body=sent, headers={**typed, **(headers or {})})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            return self._note(what, repr(error))
        finally:
            connection.close()
        if response.status >= 300:
            return self._note(what, f"{response.status} {answer[:300]!r}")
        with self.lock:
            self.answers[what] += 1
        return json.loads(answer) if response.headers.get_content_type() == "application/json" else answer.decode()

    def _note(self, what: str, failure: str) -> None:
        with self.lock:
            self.failures.append(f"{what}: {failure}")


def email_of(number: int) -> str:
    """A shopper's address."""
    return f"shopper-{number}@example.com"


def register_all(load: Load) -> None:
    """Make every shopper an account."""
    for number in range(CLIENTS):
        body = {"email": email_of(number), "password": PASSWORD, "name": "Ada"}
        load.ask("POST", "/api/v1/auth/register", body)
    assert load.failures == []
    load.answers.clear()


def sign_in_of(load: Load, number: int) -> Iterator[None]:
    """A login, new tokens for it, the account that they are of, and a page."""
    tokens = load.ask("POST", "/api/v1/auth/login", {"email": email_of(number), "password": PASSWORD})
    yield
    if tokens is not None:
        tokens = load.ask("POST", "/api/v1/auth/refresh", {"refresh_token": tokens["refresh_token"]})
        yield
    if tokens is not None:
        load.ask("GET", "/api/v1/users/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
        yield
    load.ask("GET", "/")
    yield


def requests_of(load: Load, number: int) -> Iterator[None]:
    """One shopper's requests without end, each made when the next is asked for: reads, a login, an order, reads."""
    bearer = load.shop.issuer.bearer(f"u-{number}", {"customer"}, "orders")
    pages = itertools.cycle(("/api/v1/products?limit=20", "/api/v1/categories", "/api/v1/products/PROBE-BUY"))
    while True:
        for path in itertools.islice(pages, READS):
            load.ask("GET", path)
            yield
        yield from sign_in_of(load, number)
        keyed = {**bearer, "Idempotency-Key": uuid.uuid4().hex}
        cart = load.ask("POST", "/api/v1/carts", {}, keyed)
        yield
        if cart is None:
            continue
        path = f"/api/v1/carts/{cart['cart_id']}"
        load.ask("PUT", f"{path}/items/PROBE-BUY", {"quantity": 1}, bearer)
        yield
        keyed = {**bearer, "Idempotency-Key": uuid.uuid4().hex}
        order = load.ask("POST", "/api/v1/orders", {"cart_id": cart["cart_id"], "payment_method": "tok_visa"}, keyed)
        yield
        if order is not None:
            with load.lock:
                load.orders.append(order["order_id"])
            load.ask("GET", f"/api/v1/orders/{order['order_id']}", headers=bearer)
            yield


def shop_at_a_rate(load: Load, number: int, began: float) -> None:
    """One of CLIENTS shoppers, whose requests are due at their times whether or not those before were slow."""
    due = began + number / PER_SECOND
    for _ in requests_of(load, number):
        if not load.going:
            return
        due += CLIENTS / PER_SECOND
        wait = due - time.monotonic()
        if wait > 0:
            time.sleep(wait)
        elif wait < -1:
            with load.lock:
                load.late += 1


@pytest.fixture
def shop(tmp_path: Path, shop_databases: dict[str, str]) -> Iterator[ShopRun]:
    """The shop, with two replicas of each service behind the door."""
    with running_shop(tmp_path, databases=shop_databases, replicas=2, door=DOOR) as found:
        yield found


def _restarted(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(replica for name in names for replica in ((name,) if is_worker(name) else replicas_of(name, 2)))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("catalog", "orders"), id="two services"),
        pytest.param((*SERVICES, *WORKERS), id="all of them", marks=pytest.mark.full),
    ],
)
def test_no_request_fails_while_everything_restarts(shop: ShopRun, names: tuple[str, ...]) -> None:
    """50 requests a second, a fifth for orders and a fifth for logins, while one replica after the other restarts."""
    load = Load(shop)
    register_all(load)
    began = time.monotonic()
    clients = [threading.Thread(target=shop_at_a_rate, args=(load, number, began)) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        for name in _restarted(names):
            shop.roll(name)
        # Until what was led to the last one has been answered.
        time.sleep(2)
    finally:
        seconds = time.monotonic() - began
        load.going = False
        for client in clients:
            client.join()
    made = sum(load.answers.values())
    print(
        f"{made} requests in {seconds:.0f} s, {len(load.orders)} orders, {load.late} late, {len(load.failures)} failed"
    )
    assert load.failures == []
    assert made >= 0.9 * PER_SECOND * seconds, "the load was less than it claims to be"
    assert len(load.orders) > 0.01 * made
    # Asked with what a refresh brought.
    assert load.answers["GET /api/v1/users"] > 0.01 * made
    assert load.answers["GET /"] > 0.01 * made
    reconciled = shop.run("services.orders.jobs", "reconcile", service="orders")
    assert reconciled.returncode == 0, reconciled.stdout + reconciled.stderr
