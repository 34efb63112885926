"""What a buyer has seen of their cart, against what is in it now."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.storefront.domain.checkout_answers import Obstacle
from services.storefront.domain.money import Money
from services.storefront.domain.views import Cart, Line

_CHANGED = "Your cart has changed since you saw this page. Nothing was charged. Please look at the new total."


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLine:
    """So many of a product, at this price in minor units."""

    quantity: int
    unit_price: int


def differences(shown: Mapping[str, ShownLine], cart: Cart) -> Obstacle:
    """What in *cart* is not as its buyer has seen it, at each line; *shown*: by SKU."""
    found = {line.sku: _difference(shown.get(line.sku), line) for line in cart.lines}
    gone = sorted(shown.keys() - found.keys())
    text = f"{_CHANGED} No longer in it: {', '.join(gone)}." if gone else _CHANGED
    return Obstacle(text=text, lines={sku: said for sku, said in found.items() if said})


def prices_before(shown: Mapping[str, ShownLine], cart: Cart) -> dict[str, Money | None]:
    """The price that each line of *cart* was shown at; for one that was not shown, what holds now."""
    return {line.sku: _before(shown.get(line.sku), line) for line in cart.lines}


def _before(shown: ShownLine | None, line: Line) -> Money | None:
    if shown is None or line.unit_price is None:
        return line.unit_price
    return Money(minor_units=shown.unit_price, currency=line.unit_price.currency)


def _difference(shown: ShownLine | None, line: Line) -> str:
    if shown is None:
        return "Added since you saw this page."
    if shown.quantity != line.quantity:
        return f"{line.quantity} in place of {shown.quantity}."
    return "" if _before(shown, line) == line.unit_price else f"Now {line.unit_price} each."
