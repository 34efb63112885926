"""The real orders, inventory and payments in one process, over real databases; only the network is left out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from apiflask import APIFlask
from flask.testing import FlaskClient
from prometheus_client import CollectorRegistry
from werkzeug.test import TestResponse

from services.inventory import app as inventory_app
from services.orders.adapters.carts_sql import SqlCarts
from services.orders.app import create_app
from services.orders.assembly import Parts, assemble
from services.payments import app as payments_app
from services.shared import migrate
from services.shared.config import Config
from services.shared.database import Database, open_database
from services.shared.errors import InvalidToken, PeerUnavailable, PeerUnknown
from services.shared.identity import Principal
from services.shared.outbound import Reply
from services.shared.outbox import Relay

WEBHOOK_KEY = "a-webhook-key-for-tests-alone"
PRICES = {"MUG-1": 500, "POT-1": 1200}
SERVICES = ("orders", "inventory", "payments")
NOW = 1_800_000_000.0


class WordTokens:
    """`role:subject` is a token."""

    def verify(self, token: str) -> Principal:
        role, _, subject = token.partition(":")
        if role not in ("customer", "staff", "warehouse", "service"):
            raise InvalidToken("role")
        return Principal(subject=subject, roles=frozenset({role}))


@dataclass
class ClientPeer:
    """A peer whose network fails where a test says so: {operation: [fault, …]}, each used once."""

    client: FlaskClient | None
    faults: dict[str, list[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
        idempotent: bool,
    ) -> Reply:
        self.calls.append(operation)
        fault = self.faults[operation].pop(0) if self.faults.get(operation) else "fine"
        if fault == "refused":
            raise PeerUnavailable("refused")
        if fault == "lost":
            raise PeerUnknown("lost")
        reply = self._reply(method, path, json, {**(headers or {}), "Authorization": "Bearer service:service:orders"})
        if fault == "answer lost":
            raise PeerUnknown("the answer was lost")
        return reply

    def _reply(self, method: str, path: str, json: Any, headers: dict[str, str]) -> Reply:
        if self.client is None:
            sku = path.rpartition("/")[2]
            if sku not in PRICES:
                return Reply(status=404)
            price = {"minor_units": PRICES[sku], "currency": "EUR"}
            return Reply(status=200, json={"sku": sku, "name": sku.title(), "price": price, "version": 1})
        found = self.client.open(path, method=method, json=json, headers=headers)
        if found.status_code >= 500:
            raise PeerUnknown(found.text)
        return Reply(status=found.status_code, json=found.get_json(silent=True), headers=found.headers)


class Clock:
    """Unix seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class SmallShop:
    """The shop, and what a test turns or looks at."""

    app: APIFlask
    registry: CollectorRegistry
    clock: Clock
    database: Database
    parts: Parts
    relay: Relay
    peers: dict[str, ClientPeer]

    def ask(
        self, path: str, method: str = "GET", body: Any = None, *, as_: str = "customer:u-1", key: str | None = None
    ) -> TestResponse:
        """One request to orders."""
        headers = {"Authorization": f"Bearer {as_}"} | ({} if key is None else {"Idempotency-Key": key})
        return self.app.test_client().open(path, method=method, json=body, headers=headers)

    def cart(self, quantities: Mapping[str, int], *, as_: str = "customer:u-1") -> str:
        """A new cart's id."""
        made = self.ask("/api/v1/carts", "POST", {}, as_=as_, key="c").json["cart_id"]
        for sku, quantity in quantities.items():
            answer = self.ask(f"/api/v1/carts/{made}/items/{sku}", "PUT", {"quantity": quantity}, as_=as_)
            assert answer.status_code == 200, answer.text
        return str(made)

    def buy(
        self, cart: str | None = None, *, key: str = "k", method: str = "tok_visa", as_: str = "customer:u-1"
    ) -> TestResponse:
        """A checkout."""
        cart = cart or self.cart({"MUG-1": 1}, as_=as_)
        return self.ask("/api/v1/orders", "POST", {"cart_id": cart, "payment_method": method}, key=key, as_=as_)

    def stock(self, sku: str) -> tuple[int, int]:
        """(on hand, reserved)."""
        found = self.peers["inventory"].client.get(
            f"/api/v1/stock/{sku}/detail", headers={"Authorization": "Bearer staff:s-1"}
        )
        return found.json["on_hand"], found.json["reserved"]

    def payment(self, order_id: str) -> dict[str, Any]:
        """What the gateway says."""
        return self.peers["payments"]._reply("GET", f"/api/v1/payments/{order_id}", None, SERVICE).json

    def work(self, *, seconds: float = 0.0) -> None:
        """Let *seconds* pass, then the worker do its rounds."""
        self.clock.now += seconds
        self.parts.settlement.settle_due()
        self.parts.after_sales.pay_back_due()
        while self.relay.run_once():
            pass

    def value(self, name: str, **labels: str) -> float | None:
        """A sample of the registry."""
        return self.registry.get_sample_value(name, labels)


SERVICE = {"Authorization": "Bearer service:service:orders"}


@contextmanager
def small_shop(urls: Callable[[str], str]) -> Iterator[SmallShop]:
    """The shop with 5 of each product.

    Args:    urls: the database of a service; those of the others have their schema.
    """
    clock = Clock()
    databases = {name: open_database(urls(name)) for name in SERVICES}
    migrate.upgrade(databases["orders"], "orders")
    tokens = WordTokens()
    others = {
        "inventory": inventory_app.create_app(
            database=databases["inventory"],
            registry=CollectorRegistry(),
            config=Config(service="inventory"),
            verifier=tokens,
            now=clock,
        ),
        "payments": payments_app.create_app(
            database=databases["payments"],
            registry=CollectorRegistry(),
            config=Config(service="payments"),
            verifier=tokens,
            now=clock,
        ),
    }
    peers = {name: ClientPeer(app.test_client()) for name, app in others.items()} | {"catalog": ClientPeer(None)}
    registry = CollectorRegistry()
    carts = SqlCarts(databases["orders"], now=clock)
    config = Config(service="orders", webhook_key=WEBHOOK_KEY)
    app = create_app(
        database=databases["orders"],
        registry=registry,
        config=config,
        carts=carts,
        verifier=tokens,
        connect=peers.__getitem__,
        now=clock,
    )
    parts = assemble(
        config=config,
        database=databases["orders"],
        registry=CollectorRegistry(),
        carts=carts,
        connect=peers.__getitem__,
        now=clock,
    )
    relay = Relay(databases["orders"], parts.delivery.deliver, now=clock)
    for sku in PRICES:
        answer = (
            others["inventory"]
            .test_client()
            .post(
                f"/api/v1/stock/{sku}/movements",
                json={"kind": "receive", "quantity": 5, "reason": "test"},
                headers={"Authorization": "Bearer staff:s-1", "Idempotency-Key": sku},
            )
        )
        assert answer.status_code == 201, answer.text
    yield SmallShop(app, registry, clock, databases["orders"], parts, relay, peers)
    for database in databases.values():
        database.close()
