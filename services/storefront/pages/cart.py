"""The cart: shown, filled, changed."""

from collections.abc import Callable

from flask import Response

from services.shared.auth import public
from services.storefront.domain.errors import Refused
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk
from services.storefront.pages.refusals import to

_REFUSALS = {
    "cart_full": "Your cart holds as many different products as it can.",
    "cart_busy": "Your cart was being changed elsewhere. Please try again.",
    "cart_ordered": "This cart was ordered just now. Please try again.",
    "currency_mismatch": "This product is sold in another currency than the rest of your cart.",
}
PATH = "/cart"


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get(PATH)
    @public
    def cart() -> Response:
        shown = desk.carts.show(desk.visits.current()) if desk.visits.current().known else None
        return desk.frame.page("cart.html", cart=shown)

    @desk.pages.post(PATH)
    @public
    def add_to_cart() -> Response:
        return _change(desk, lambda: _added(desk, fields.text("sku"), fields.quantity()))

    @desk.pages.post("/cart/<sku>")
    @public
    def change_line(sku: str) -> Response:
        quantity = 0 if fields.text("action") == "remove" else fields.quantity(least=0)
        return _change(desk, lambda: _put(desk, sku, quantity))


def _added(desk: Desk, sku: str, quantity: int) -> str:
    desk.carts.add(desk.visits.current(), sku, quantity)
    return "Added to your cart."


def _put(desk: Desk, sku: str, quantity: int) -> str:
    desk.carts.put(desk.visits.current(), sku, quantity)
    return "Cart updated." if quantity else "Removed from your cart."


def _change(desk: Desk, work: Callable[[], str]) -> Response:
    try:
        notice = work()
    except Refused as refusal:
        if refusal.code not in _REFUSALS:
            raise
        notice = _REFUSALS[refusal.code]
    desk.visits.current().say(notice)
    return to(PATH)
