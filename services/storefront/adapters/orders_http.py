"""Carts and orders, from the service of orders, on behalf of a customer."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from services.shared.outbound import Reply
from services.storefront.adapters.asking import Amount, PeerCalls, ask, bearer, good, moment, read, segment
from services.storefront.domain.errors import Stale
from services.storefront.domain.views import Cart, Line, Order, OrderPage

TIMEOUT_SECONDS = 3.0
# Orders allows itself five seconds for a checkout.
CHECKOUT_SECONDS = 7.0
CARTS = "/api/v1/carts"
ORDERS = "/api/v1/orders"
PAGE = 20


class _Line(BaseModel):
    sku: str
    name: str
    quantity: int
    unit_price: Amount

    def view(self) -> Line:
        return Line(sku=self.sku, name=self.name, quantity=self.quantity, unit_price=self.unit_price.money())


class _Cart(BaseModel):
    cart_id: str
    state: str
    lines: list[_Line]
    total: Amount | None
    version: int

    def view(self) -> Cart:
        return Cart(
            cart_id=self.cart_id,
            lines=tuple(line.view() for line in self.lines),
            total=None if self.total is None else self.total.money(),
            version=self.version,
            is_open=self.state == "OPEN",
        )


class _Carts(BaseModel):
    items: list[_Cart]


class _Order(BaseModel):
    order_id: str
    cart_id: str
    state: str
    reason: str | None
    decline_code: str | None
    lines: list[_Line]
    total: Amount
    created_at: str
    version: int

    def view(self) -> Order:
        return Order(
            order_id=self.order_id,
            cart_id=self.cart_id,
            state=self.state,
            reason=self.reason,
            decline_code=self.decline_code,
            lines=tuple(line.view() for line in self.lines),
            total=self.total.money(),
            created_at=moment(self.created_at),
            version=self.version,
        )


class _Orders(BaseModel):
    items: list[_Order]
    next_cursor: str | None


class HttpOrders:
    """An `Orders` that asks *peer*."""

    def __init__(self, peer: PeerCalls) -> None:
        self._peer = peer

    def new_cart(self, access: str) -> Cart:
        # A second empty cart does no harm: it is forgotten by itself.
        return self._cart(self._call("create_cart", "POST", CARTS, access), 201)

    def cart(self, access: str, cart_id: str) -> Cart:
        return self._cart(self._call("get_cart", "GET", f"{CARTS}/{segment(cart_id)}", access))

    def open_carts(self, access: str) -> tuple[Cart, ...]:
        reply = self._call("list_carts", "GET", CARTS, access)
        return tuple(each.view() for each in read(self._peer, _Carts, good(self._peer, reply, 200)).items)

    def put_item(self, access: str, cart: Cart, sku: str, quantity: int) -> Cart:
        path = f"{CARTS}/{segment(cart.cart_id)}/items/{segment(sku)}"
        headers = {"If-Match": f'"{cart.version}"'}
        # Not repeated: after a lost answer the version is another one, and the caller looks at the cart again.
        reply = self._call(
            "put_cart_item", "PUT", path, access, json={"quantity": quantity}, headers=headers, idempotent=False
        )
        if reply.status == 412:
            raise Stale(cart.cart_id)
        return self._cart(reply)

    def remove_item(self, access: str, cart_id: str, sku: str) -> Cart:
        path = f"{CARTS}/{segment(cart_id)}/items/{segment(sku)}"
        return self._cart(self._call("delete_cart_item", "DELETE", path, access))

    def place(self, access: str, *, key: str, cart_id: str, cart_version: int, payment_method: str) -> Order:
        reply = self._call(
            "place_order",
            "POST",
            ORDERS,
            access,
            json={"cart_id": cart_id, "cart_version": cart_version, "payment_method": payment_method},
            headers={"Idempotency-Key": key},
            timeout=CHECKOUT_SECONDS,
        )
        return self._order(reply)

    def orders(self, access: str, cursor: str | None = None) -> OrderPage:
        asked = {"limit": PAGE} | ({} if cursor is None else {"cursor": cursor})
        reply = self._call("list_orders", "GET", f"{ORDERS}?{urlencode(asked)}", access)
        found = read(self._peer, _Orders, good(self._peer, reply, 200))
        return OrderPage(orders=tuple(each.view() for each in found.items), next_cursor=found.next_cursor)

    def order(self, access: str, order_id: str) -> Order:
        return self._order(self._call("get_order", "GET", f"{ORDERS}/{segment(order_id)}", access))

    def cancel(self, access: str, order_id: str, *, key: str) -> Order:
        path = f"{ORDERS}/{segment(order_id)}/cancel"
        headers = {"Idempotency-Key": key}
        return self._order(self._call("cancel_order", "POST", path, access, headers=headers, timeout=CHECKOUT_SECONDS))

    def _cart(self, reply: Reply, status: int = 200) -> Cart:
        return read(self._peer, _Cart, good(self._peer, reply, status)).view()

    def _order(self, reply: Reply) -> Order:
        return read(self._peer, _Order, good(self._peer, reply, 200, 201, 202)).view()

    def _call(  # the call's own parameters
        self,
        operation: str,
        method: str,
        path: str,
        access: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
        idempotent: bool = True,
    ) -> Reply:
        sent = bearer(access) | dict(headers or {})
        return ask(self._peer, operation, method, path, json=json, headers=sent, timeout=timeout, idempotent=idempotent)
