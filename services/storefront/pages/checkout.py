"""Checkout: how it is paid, once, and what may be in the way.

The form holds a key that was made with the page. The same form sent twice is the same order; after a refusal the page
comes with a new key. It also holds the version of the cart that it shows: nothing else is ordered with it.
"""

import re
from urllib.parse import quote

from apiflask import HTTPError
from flask import Response, request

from services.shared.auth import public
from services.storefront.domain.cards import TOKENS
from services.storefront.domain.checkout_answers import Obstacle, obstacle_of
from services.storefront.domain.errors import NotFound, Refused, Unreachable
from services.storefront.domain.order_words import FAILED
from services.storefront.domain.shown_cart import differences, prices_before
from services.storefront.domain.views import Order
from services.storefront.pages import fields
from services.storefront.pages.checkout_form import form, shown_lines
from services.storefront.pages.desk import Desk
from services.storefront.pages.refusals import to
from services.storefront.pages.visits import CurrentVisit

PATH = "/checkout"
STATUS_PATH = "/checkout/status"
# A second click finds the first request still running: it waits for that one's answer.
_ROUNDS = 12
_ROUND_SECONDS = 0.5
_REFRESH_SECONDS = 4
_CART_ID = re.compile(r"cart_[0-9a-f]{32}", re.ASCII)


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get(PATH)
    @public
    def checkout() -> Response:
        cart = desk.carts.show(desk.customer_visit())
        return form(desk, cart) if cart.lines else to("/cart")

    @desk.pages.post(PATH)
    @public
    def place_order() -> Response:
        return _ordered(desk, desk.customer_visit())

    @desk.pages.get(STATUS_PATH)
    @public
    def checkout_status() -> Response:
        desk.customer_visit()
        cart_id = request.args.get("cart", "")
        if _CART_ID.fullmatch(cart_id) is None:
            raise HTTPError(404)
        try:
            order = _latest_of(desk, cart_id)
        except Unreachable:
            return desk.frame.page("checking.html", is_known=False, cart_id=cart_id, refresh_seconds=_REFRESH_SECONDS)
        if order is not None:
            return to(f"/orders/{order.order_id}")
        return desk.frame.page("checking.html", is_known=True, cart_id=cart_id)


def _ordered(desk: Desk, visit: CurrentVisit) -> Response:
    """What comes of the form."""
    payment_method, cart_id = fields.text("payment_method"), fields.text("cart_id")
    if payment_method not in TOKENS:
        problem = Obstacle(text="Choose how to pay.", place="payment_method")
        return form(desk, desk.carts.show(visit), problem, status=422)
    # Another card is another attempt, also where a browser shows the old form again.
    key = f"{fields.key('key')}.{payment_method}"
    cart_version = fields.version("cart_version")
    try:
        order = _placed(desk, key, cart_id, cart_version, payment_method)
    except Refused as refusal:
        return _in_the_way(desk, refusal, cart_id, payment_method)
    except NotFound:
        visit.say("This cart is no longer there.")
        return to("/cart")
    except Unreachable as error:
        if error.may_have_happened:
            return _status_of(cart_id)
        raise
    return to(f"/orders/{order.order_id}")


def _placed(desk: Desk, key: str, cart_id: str, cart_version: int, payment_method: str) -> Order:
    """The order that this form makes, or has made.

    Raises:  Refused, NotFound, Unreachable
    """
    for _ in range(_ROUNDS):
        try:
            return desk.orders.place(
                desk.access(), key=key, cart_id=cart_id, cart_version=cart_version, payment_method=payment_method
            )
        except Refused as refusal:
            if refusal.code != "idempotency_key_in_use":
                raise
        desk.pause(_ROUND_SECONDS)
    raise Unreachable("orders", may_have_happened=True)


def _in_the_way(desk: Desk, refusal: Refused, cart_id: str, chosen: str) -> Response:
    if refusal.code in ("cart_used", "cart_ordered"):
        # The same cart from another window, or the answer to the first attempt was lost.
        return _status_of(cart_id)
    visit = desk.customer_visit()
    cart = desk.carts.show(visit)
    if not cart.lines:
        visit.say("There is nothing in your cart any more.")
        return to("/cart")
    shown = shown_lines()
    obstacle = differences(shown, cart) if refusal.code == "cart_changed" else obstacle_of(refusal, cart)
    if obstacle is None:
        raise refusal
    status = 402 if refusal.code == "card_declined" else 409
    marked = cart.with_problems(obstacle.lines, prices_before(shown, cart))
    return form(desk, marked, obstacle, status=status, chosen=chosen)


def _status_of(cart_id: str) -> Response:
    """Look up what came of the cart; its form may have held anything."""
    return to(f"{STATUS_PATH}?cart={quote(cart_id)}")


def _latest_of(desk: Desk, cart_id: str) -> Order | None:
    """The order that came of the cart *cart_id*, and was not in vain."""
    found = desk.orders.orders(desk.access()).orders
    return next((each for each in found if each.cart_id == cart_id and each.state not in FAILED), None)
