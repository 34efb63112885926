"""What stands between a cart and its order, from what orders said, in words for the buyer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.storefront.domain.errors import Refused
from services.storefront.domain.order_words import decline_text
from services.storefront.domain.views import Cart


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why nothing was ordered. place: in the form, where it is to be put right. lines: by SKU."""

    text: str
    place: str = "lines"
    lines: Mapping[str, str] = field(default_factory=dict)


_WORDS = {
    "order_expired": "The order was not paid in time. Nothing was charged; you can try again.",
    "order_cancelled": "The order came to nothing. Nothing was charged; you can try again.",
}


def obstacle_of(refusal: Refused, cart: Cart) -> Obstacle | None:
    """What *refusal* means for *cart*; None for one that is not known here."""
    details: Mapping[str, Any] = refusal.details if isinstance(refusal.details, Mapping) else {}
    if refusal.code == "card_declined":
        text = f"{decline_text(details.get('decline_code'))} Nothing was charged. Choose another card."
        return Obstacle(text=text, place="payment_method")
    if refusal.code == "out_of_stock":
        return Obstacle(
            text="Not everything in your cart is available. Nothing was charged.",
            lines={line["sku"]: _shortage(line) for line in _lines(details)},
        )
    if refusal.code == "price_changed":
        return Obstacle(
            text="A price has changed since you saw it. Nothing was charged. Please look at the new total.",
            lines={line["sku"]: _price_change(line, cart) for line in _lines(details)},
        )
    return Obstacle(text=_WORDS[refusal.code]) if refusal.code in _WORDS else None


def _lines(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = details.get("lines")
    return [each for each in found if isinstance(each, Mapping) and "sku" in each] if isinstance(found, list) else []


def _shortage(line: Mapping[str, Any]) -> str:
    available = line.get("available")
    return f"Only {available} available." if isinstance(available, int) and available > 0 else "Out of stock."


def _price_change(line: Mapping[str, Any], cart: Cart) -> str:
    if line.get("unit_price") is None:
        return "No longer sold. Please take it out of your cart."
    now = next((each.unit_price for each in cart.lines if each.sku == line["sku"]), None)
    return "The price has changed." if now is None else f"Now {now} each."
