"""What customers have that others want: carts, orders, paid and sent ones; and what the books say of them."""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from local.shop_run import Answer
from services.shared.identity import CUSTOMER, SERVICE, STAFF
from tests.attacks.attacker import Attacker

# Of the seed. The second is the one whose price is changed.
SKU = "KIT-1001"
OTHER_SKU = "KIT-1002"


def fresh_key() -> dict[str, str]:
    """The header of a request that is made for the first time."""
    return {"Idempotency-Key": uuid.uuid4().hex}


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with a token of their own."""

    attacker: Attacker
    subject: str

    @classmethod
    def new(cls, attacker: Attacker) -> "Customer":
        """Somebody whom the shop has never seen."""
        return cls(attacker, f"u_{uuid.uuid4().hex}")

    def ask(self, path: str, method: str = "GET", body: Any = None, *, headers: dict[str, str] | None = None) -> Answer:
        """Ask orders."""
        return self.attacker.ask("orders", path, method, body, role=CUSTOMER, subject=self.subject, headers=headers)

    def cart(self, sku: str = SKU, quantity: int = 1) -> str:
        """The id of a new cart with *quantity* of *sku*."""
        made = self.ask("/api/v1/carts", "POST", {})
        assert made.status == 201, made.body
        cart_id: str = made.json()["cart_id"]
        filled = self.ask(f"/api/v1/carts/{cart_id}/items/{sku}", "PUT", {"quantity": quantity})
        assert filled.status == 200, filled.body
        return cart_id

    def check_out(self, cart_id: str, *, headers: dict[str, str] | None = None, method: str = "tok_visa") -> Answer:
        """Order what is in the cart."""
        body = {"cart_id": cart_id, "payment_method": method}
        return self.ask("/api/v1/orders", "POST", body, headers=headers or fresh_key())

    def order(self, quantity: int = 1) -> Any:
        """A new order that is paid."""
        answer = self.check_out(self.cart(quantity=quantity))
        assert answer.status == 201, answer.body
        return answer.json()

    def order_ids(self) -> list[str]:
        """Of their orders, the newest first."""
        return [each["order_id"] for each in self.ask("/api/v1/orders?limit=100").json()["items"]]


def payment_of(attacker: Attacker, order_id: str) -> Any:
    """What the gateway has of an order."""
    answer = attacker.ask("payments", f"/api/v1/payments/{order_id}", role=SERVICE)
    assert answer.status == 200, answer.body
    return answer.json()


def units_of(attacker: Attacker, sku: str = SKU) -> tuple[int, int]:
    """(on hand, held) of *sku*."""
    found = attacker.ask("inventory", f"/api/v1/stock/{sku}/detail", role=STAFF).json()
    return found["on_hand"], found["reserved"]


def settled_units(attacker: Attacker, sku: str = SKU) -> int:
    """The units on hand once nothing of earlier orders comes back any more: events bring them, in their own time."""
    before, deadline = -1, time.monotonic() + 30
    while (now := units_of(attacker, sku)[0]) != before and time.monotonic() < deadline:
        before = now
        time.sleep(2)
    return now


def refund(attacker: Attacker, order_id: str, **headers: str) -> Answer:
    """Staff pay an order back."""
    return attacker.ask(
        "orders", f"/api/v1/orders/{order_id}/refunds", "POST", {}, role=STAFF, headers=headers or fresh_key()
    )
