"""The services behind the storefront, in memory: they answer as the real ones' documents say, and fail when told."""

import itertools
import json as json_module
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from services.shared.errors import PeerUnavailable, PeerUnknown
from services.shared.http_exchange import Limited
from services.shared.outbound import Reply

PASSWORD = "correct horse battery"
EMAIL = "ada@example.com"
USER_ID = "u_" + "0" * 32


def product(sku: str, name: str = "Milk pan", cents: int = 2490, category: str = "kitchen") -> dict[str, Any]:
    """A product as the catalog shows it."""
    price = {"minor_units": cents, "currency": "EUR"}
    return {"sku": sku, "name": name, "description": f"{name}.", "category": category, "price": price, "version": 1}


@dataclass(frozen=True)
class Call:
    """What a service was asked."""

    peer: str
    operation: str
    path: str
    body: Any
    headers: Mapping[str, str]


def problem(status: int, code: str, **more: Any) -> Reply:
    """A refusal."""
    return Reply(status=status, json={"status": status, "code": code, "title": "", "type": "about:blank", **more})


@dataclass
class FakeShop:
    """All of them. down: who refuses connections. lost: whose answers are lost. limited: who says 429."""

    products: dict[str, dict[str, Any]] = field(default_factory=dict)
    stock: dict[str, int] = field(default_factory=dict)
    carts: dict[str, dict[str, Any]] = field(default_factory=dict)
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, Reply] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    lost: set[str] = field(default_factory=set)
    limited: set[str] = field(default_factory=set)
    calls: list[Call] = field(default_factory=list)
    refreshed: list[str] = field(default_factory=list)
    good_refresh: set[str] = field(default_factory=set)
    password: str = PASSWORD
    # Answers of the next calls of an operation, in place of the usual one.
    next: dict[str, list[Reply]] = field(default_factory=dict)
    expires_in: int = 600
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def connect(self, name: str) -> "FakePeer":
        """The connection to the service *name*."""
        return FakePeer(name, self)

    def asked(self, operation: str) -> list[Call]:
        """The calls of *operation* so far."""
        return [call for call in self.calls if call.operation == operation]

    def tokens(self) -> dict[str, Any]:
        """A new pair of tokens."""
        number = next(self._numbers)
        self.good_refresh.add(f"refresh-{number}")
        return {
            "access_token": f"access-{number}",
            "token_type": "Bearer",
            "expires_in": self.expires_in,
            "refresh_token": f"refresh-{number}",
            "refresh_expires_in": 2592000,
        }

    def new_id(self, prefix: str) -> str:
        """An id of the usual form."""
        return f"{prefix}_{next(self._numbers):032x}"


class FakePeer:
    """One of them."""

    def __init__(self, name: str, shop: FakeShop) -> None:
        self.name = name
        self._shop = shop

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
        del method, timeout, idempotent
        shop = self._shop
        shop.calls.append(Call(self.name, operation, path, json, dict(headers or {})))
        if self.name in shop.down:
            raise PeerUnavailable(f"{self.name} is down", retry_after_seconds=7)
        if self.name in shop.limited:
            raise Limited("too many", retry_after_seconds=30)
        if shop.next.get(operation):
            return shop.next[operation].pop(0)
        reply = getattr(self, f"_{operation}")(path, json, headers or {})
        if self.name in shop.lost:
            raise PeerUnknown(f"{self.name} did not answer")
        assert isinstance(reply, Reply)
        return Reply(status=reply.status, json=json_module.loads(json_module.dumps(reply.json)))

    # The catalog and the inventory.

    def _list_categories(self, path: str, body: Any, headers: Any) -> Reply:
        slugs = sorted({each["category"] for each in self._shop.products.values()} | {"probe"})
        items = [{"slug": slug, "name": slug.capitalize(), "products": 1} for slug in slugs]
        return Reply(status=200, json={"items": items})

    def _list_products(self, path: str, body: Any, headers: Any) -> Reply:
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if query.get("cursor") == "wrong" or query.get("q") == "!!":
            return problem(422, "invalid_request")
        found = [
            each
            for _, each in sorted(self._shop.products.items())
            if query.get("category") in (None, each["category"]) and query.get("q", "").lower() in each["name"].lower()
        ]
        start, limit = int(query.get("cursor", 0)), int(query["limit"])
        more = len(found) > start + limit
        page = found[start : start + limit]
        return Reply(status=200, json={"items": page, "next_cursor": str(start + limit) if more else None})

    def _get_product(self, path: str, body: Any, headers: Any) -> Reply:
        found = self._shop.products.get(_last(path))
        return problem(404, "product_not_found") if found is None else Reply(status=200, json=found)

    def _get_stock(self, path: str, body: Any, headers: Any) -> Reply:
        if (units := self._shop.stock.get(_last(path))) is None:
            return problem(404, "stock_not_found")
        return Reply(status=200, json={"sku": _last(path), "available": units, "version": 1})

    # The users service.

    def _register(self, path: str, body: Any, headers: Any) -> Reply:
        if body["password"] == "password1":
            return problem(422, "common_password")
        if len(body["password"]) < 8:
            return problem(422, "invalid_request", errors=[{"detail": "too short", "pointer": "#/password"}])
        return Reply(status=202, json={"status": "accepted"})

    def _login(self, path: str, body: Any, headers: Any) -> Reply:
        if (body["email"], body["password"]) != (EMAIL, self._shop.password):
            return problem(401, "invalid_credentials")
        user = {"user_id": USER_ID, "email": EMAIL, "name": "Ada <b>", "roles": ["customer"]}
        return Reply(status=200, json={**self._shop.tokens(), "user": user})

    def _refresh(self, path: str, body: Any, headers: Any) -> Reply:
        shop, token = self._shop, body["refresh_token"]
        shop.refreshed.append(token)
        if token not in shop.good_refresh:
            return problem(401, "invalid_refresh_token")
        shop.good_refresh.discard(token)
        return Reply(status=200, json=shop.tokens())

    def _logout(self, path: str, body: Any, headers: Any) -> Reply:
        self._shop.good_refresh.discard(body["refresh_token"])
        return Reply(status=204)

    def _get_me(self, path: str, body: Any, headers: Any) -> Reply:
        said = {"user_id": USER_ID, "email": EMAIL, "name": "Ada", "roles": ["customer"]}
        return Reply(status=200, json={**said, "created_at": "2026-01-02T03:04:05.000Z"})

    def _update_me(self, path: str, body: Any, headers: Any) -> Reply:
        if not body["name"]:
            return problem(422, "invalid_request", errors=[{"detail": "too short", "pointer": "#/name"}])
        return Reply(status=200, json={})

    def _change_password(self, path: str, body: Any, headers: Any) -> Reply:
        if body["current_password"] != self._shop.password:
            return problem(403, "wrong_password")
        self._shop.password = body["new_password"]
        self._shop.good_refresh.clear()
        return Reply(status=204)

    def _request_reset(self, path: str, body: Any, headers: Any) -> Reply:
        return Reply(status=202, json={"status": "accepted"})

    def _confirm_reset(self, path: str, body: Any, headers: Any) -> Reply:
        if body["token"] != "good":
            return problem(400, "invalid_reset_token")
        self._shop.password = body["new_password"]
        return Reply(status=204)

    # Carts and orders.

    def _create_cart(self, path: str, body: Any, headers: Any) -> Reply:
        cart_id = self._shop.new_id("cart")
        self._shop.carts[cart_id] = {"state": "OPEN", "version": 1, "lines": {}}
        return Reply(status=201, json=self._cart(cart_id))

    def _list_carts(self, path: str, body: Any, headers: Any) -> Reply:
        failed = ("DECLINED", "CANCELLED", "EXPIRED")
        used = {each["cart_id"] for each in self._shop.orders.values() if each["state"] not in failed}
        found = [each for each, cart in self._shop.carts.items() if cart["state"] == "OPEN" and each not in used]
        return Reply(status=200, json={"items": [self._cart(each) for each in reversed(found)]})

    def _get_cart(self, path: str, body: Any, headers: Any) -> Reply:
        if _last(path) not in self._shop.carts:
            return problem(404, "cart_not_found")
        return Reply(status=200, json=self._cart(_last(path)))

    def _put_cart_item(self, path: str, body: Any, headers: Any) -> Reply:
        _, _, _, _, cart_id, _, sku = path.split("/")
        cart = self._shop.carts[cart_id]
        if headers["If-Match"] != f'"{cart["version"]}"':
            return problem(412, "stale_version")
        if sku not in self._shop.products:
            return problem(404, "product_unknown")
        cart["lines"][sku] = (body["quantity"], self._shop.products[sku]["price"])
        cart["version"] += 1
        return Reply(status=200, json=self._cart(cart_id))

    def _delete_cart_item(self, path: str, body: Any, headers: Any) -> Reply:
        _, _, _, _, cart_id, _, sku = path.split("/")
        self._shop.carts[cart_id]["lines"].pop(sku, None)
        self._shop.carts[cart_id]["version"] += 1
        return Reply(status=200, json=self._cart(cart_id))

    def _place_order(self, path: str, body: Any, headers: Any) -> Reply:
        shop, key = self._shop, headers["Idempotency-Key"]
        if key in shop.answers:
            return shop.answers[key]
        cart = shop.carts.get(body["cart_id"])
        if cart is None:
            return problem(404, "cart_not_found")
        if cart["state"] != "OPEN":
            return problem(409, "cart_used")
        if cart["version"] != body["cart_version"]:
            return problem(409, "cart_changed")
        shop.answers[key] = self._ordered(body, cart)
        return shop.answers[key]

    def _ordered(self, body: Any, cart: dict[str, Any]) -> Reply:
        shop, method = self._shop, body["payment_method"]
        changed = [
            {"sku": sku, "unit_price": shop.products[sku]["price"]}
            for sku, (_, price) in cart["lines"].items()
            if shop.products[sku]["price"] != price
        ]
        if changed:
            for line in changed:
                quantity, _ = cart["lines"][line["sku"]]
                cart["lines"][line["sku"]] = (quantity, line["unit_price"])
            cart["version"] += 1
            return problem(409, "price_changed", lines=changed)
        short = [
            {"sku": sku, "requested": quantity, "available": shop.stock.get(sku, 100)}
            for sku, (quantity, _) in cart["lines"].items()
            if shop.stock.get(sku, 100) < quantity
        ]
        if short:
            return problem(409, "out_of_stock", lines=short)
        state = {"tok_declined": "DECLINED", "tok_timeout_after": "PAYMENT_UNKNOWN"}.get(method, "CONFIRMED")
        order_id = self.add_order(body["cart_id"], state)
        if state == "DECLINED":
            return problem(402, "card_declined", order_id=order_id, decline_code="insufficient_funds")
        if state == "CONFIRMED":
            cart["state"] = "ORDERED"
        return Reply(status=201 if state == "CONFIRMED" else 202, json=shop.orders[order_id])

    def add_order(self, cart_id: str, state: str) -> str:
        """An order of a cart."""
        cart = self._cart(cart_id)
        order_id = self._shop.new_id("ord")
        self._shop.orders[order_id] = {
            "order_id": order_id,
            "cart_id": cart_id,
            "state": state,
            "reason": None,
            "decline_code": "insufficient_funds" if state == "DECLINED" else None,
            "lines": cart["lines"],
            "total": cart["total"],
            "created_at": "2026-11-24T04:05:06.000Z",
            "updated_at": "2026-11-24T04:05:06.000Z",
            "version": 1,
        }
        return order_id

    def _list_orders(self, path: str, body: Any, headers: Any) -> Reply:
        return Reply(status=200, json={"items": [*self._shop.orders.values()][::-1], "next_cursor": None})

    def _get_order(self, path: str, body: Any, headers: Any) -> Reply:
        found = self._shop.orders.get(_last(path))
        return problem(404, "order_not_found") if found is None else Reply(status=200, json=found)

    def _cancel_order(self, path: str, body: Any, headers: Any) -> Reply:
        order = self._shop.orders[path.split("/")[4]]
        if order["state"] == "FULFILLED":
            return problem(409, "order_fulfilled")
        order["state"] = "REFUNDED"
        return Reply(status=200, json=order)

    def _cart(self, cart_id: str) -> dict[str, Any]:
        cart = self._shop.carts[cart_id]
        lines = [
            {
                "sku": sku,
                "name": self._shop.products[sku]["name"],
                "quantity": quantity,
                "unit_price": price,
                "total": {"minor_units": price["minor_units"] * quantity, "currency": "EUR"},
            }
            for sku, (quantity, price) in cart["lines"].items()
        ]
        total = {"minor_units": sum(line["total"]["minor_units"] for line in lines), "currency": "EUR"}
        return {
            "cart_id": cart_id,
            "state": cart["state"],
            "lines": lines,
            "total": total if lines else None,
            "version": cart["version"],
            "updated_at": "",
            "expires_at": "",
        }


def _last(path: str) -> str:
    return unquote(path.rpartition("/")[2])
