"""The form of the checkout: what it holds beside the choice of a card, and how that is read again."""

import re
import secrets

from flask import Response, request

from services.storefront.domain.cards import CARDS
from services.storefront.domain.checkout_answers import Obstacle
from services.storefront.domain.session import MAX_LINES
from services.storefront.domain.shown_cart import ShownLine
from services.storefront.domain.views import Cart
from services.storefront.pages.desk import Desk

_LINE = re.compile(r"shown-([A-Z0-9][A-Z0-9-]{1,31})", re.ASCII)
_SHOWN = re.compile(r"([0-9]{1,2})x([0-9]{1,12})", re.ASCII)


def form(desk: Desk, cart: Cart, obstacle: Obstacle | None = None, *, status: int = 200, chosen: str = "") -> Response:
    """The page for *cart*, with a key of its own: an attempt after a refusal is a new one."""
    return desk.frame.page(
        "checkout.html",
        status=status,
        cart=cart,
        cards=CARDS,
        chosen=chosen,
        obstacle=obstacle,
        key=secrets.token_urlsafe(24),
    )


def shown_lines() -> dict[str, ShownLine]:
    """What the form that was sent had shown, by SKU; what is malformed was not shown."""
    found: dict[str, ShownLine] = {}
    for name, value in request.form.items():
        line, shown = _LINE.fullmatch(name), _SHOWN.fullmatch(value)
        if line is not None and shown is not None and len(found) < MAX_LINES:
            found[line[1]] = ShownLine(quantity=int(shown[1]), unit_price=int(shown[2]))
    return found
