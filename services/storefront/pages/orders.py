"""A customer's orders: all of them, one of them, and giving one back."""

import secrets
from dataclasses import replace

from flask import Response

from services.shared.auth import public
from services.storefront.domain.errors import Refused, Unreachable
from services.storefront.domain.order_words import FAILED, can_be_cancelled, status_of
from services.storefront.domain.views import Cart, Order
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk
from services.storefront.pages.refusals import to

_REFRESH_SECONDS = 3
_TAKEN_BACK_SECONDS = 3600
_REFUSALS = {
    "order_in_payment": "The order is being paid at this moment. Whether it can be cancelled shows in a little while.",
    "order_fulfilled": "The order has been sent already. Our staff can refund it.",
    "order_not_paid": "There is nothing to cancel any more.",
    "order_busy": "The order is being changed at this moment. Please try again.",
    "idempotency_key_in_use": "The order is being cancelled.",
}


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get("/orders")
    @public
    def orders() -> Response:
        desk.customer_visit()
        cursor = fields.cursor()
        found = desk.orders.orders(desk.access(), cursor)
        shown = [(order, status_of(order)) for order in found.orders]
        return desk.frame.page("orders.html", orders=shown, next_cursor=found.next_cursor, is_first=cursor is None)

    @desk.pages.get("/orders/<order_id>")
    @public
    def order_page(order_id: str) -> Response:
        order = desk.orders.order(desk.access(), order_id)
        has_cart = _mind_cart(desk, order)
        status = status_of(order)
        return desk.frame.page(
            "order.html",
            refresh_seconds=None if status.settled else _REFRESH_SECONDS,
            order=order,
            words=status,
            can_cancel=can_be_cancelled(order),
            has_cart=has_cart,
            key=secrets.token_urlsafe(24),
        )

    @desk.pages.post("/orders/<order_id>/cancel")
    @public
    def cancel_order(order_id: str) -> Response:
        visit = desk.customer_visit()
        try:
            order = desk.orders.cancel(desk.access(), order_id, key=fields.key("key"))
        except Refused as refusal:
            if refusal.code not in _REFUSALS:
                raise
            visit.say(_REFUSALS[refusal.code])
        except Unreachable as error:
            if not error.may_have_happened:
                raise
            visit.say("We did not hear back in time. This page shows whether the order was cancelled.")
        else:
            visit.say("The order is cancelled." if order.state == "CANCELLED" else "Cancelled. Your money comes back.")
        return to(f"/orders/{order_id}")


def _mind_cart(desk: Desk, order: Order) -> bool:
    """Let an order's cart go: what is put aside next is another one's. Take it back where nothing came of it.

    Returns: whether the visitor's cart is the order's, to be ordered again.
    """
    visit = desk.visits.current()
    ours = visit.session.cart_id == order.cart_id
    # Not a cart of long ago, whose order is only being looked at.
    recent = desk.now() - order.created_at.timestamp() < _TAKEN_BACK_SECONDS
    wanted = ours or (recent and order.reason != "by_owner" and visit.session.cart_id is None)
    cart = _open_cart(desk, order.cart_id) if wanted and order.state in FAILED else None
    if cart is not None or ours:
        cart_id, items = (None, 0) if cart is None else (cart.cart_id, cart.items)
        visit.change(lambda session: replace(session, cart_id=cart_id, items=items))
    return cart is not None


def _open_cart(desk: Desk, cart_id: str) -> Cart | None:
    """The cart, where it can be ordered: it may have been since, with another card, or from another device."""
    return next((each for each in desk.orders.open_carts(desk.access()) if each.cart_id == cart_id), None)
