"""A cart and the rules of changing it. Each change is a new cart with a version of its own; nothing here stores it."""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from services.orders.domain.cart_errors import CartEmpty, CartFull, CartOrdered, CurrencyMismatch, InvalidCart
from services.orders.domain.money import MAX_MINOR_UNITS, Money

CART_ID_PATTERN = r"cart_[0-9a-f]{32}"
SKU_PATTERN = r"[A-Z0-9][A-Z0-9-]{1,31}"
MAX_QUANTITY = 99
MAX_LINES = 50
MAX_NAME_LENGTH = 200
MAX_OWNER_LENGTH = 128
# After its last change; nobody comes back to an older one, and its prices are history.
LIFETIME_MS = 30 * 24 * 3600 * 1000


class CartState(StrEnum):
    """Whether a cart can still be changed."""

    OPEN = "OPEN"
    ORDERED = "ORDERED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A product as the catalog sells it now."""

    sku: str
    name: str
    price: Money
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CartLine:
    """*quantity* (1–99) of one product, at the price that it had when it was put in or repriced.

    Raises:  InvalidCart: a line that could not be sold.
    """

    sku: str
    quantity: int
    unit_price: Money
    name: str

    def __post_init__(self) -> None:
        if re.fullmatch(SKU_PATTERN, self.sku) is None:
            raise InvalidCart(f"SKU {self.sku!r} is not of the form {SKU_PATTERN}")
        if type(self.quantity) is not int or not 1 <= self.quantity <= MAX_QUANTITY:
            raise InvalidCart(f"{self.sku}: quantity {self.quantity!r} is not 1 to {MAX_QUANTITY}")
        if not 1 <= self.unit_price.minor_units <= MAX_MINOR_UNITS:
            raise InvalidCart(f"{self.sku}: price {self.unit_price.minor_units} is not 1 to {MAX_MINOR_UNITS}")
        if not 1 <= len(self.name) <= MAX_NAME_LENGTH or "\0" in self.name:
            raise InvalidCart(f"{self.sku}: the name is not 1 to {MAX_NAME_LENGTH} characters, or holds a zero")

    @property
    def total(self) -> Money:
        """What the whole line costs."""
        return self.unit_price.times(self.quantity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cart:
    """What somebody wants to buy: at most 50 lines in the order they were put in, one a SKU, in one currency.

    `version` grows with each change and is the cart's ETag. `updated_at_ms`: of the last change.

    Raises:  InvalidCart: outside these bounds.
    """

    cart_id: str
    owner: str
    lines: tuple[CartLine, ...] = ()
    state: CartState = CartState.OPEN
    version: int = 1
    updated_at_ms: int

    def __post_init__(self) -> None:
        if re.fullmatch(CART_ID_PATTERN, self.cart_id) is None:
            raise InvalidCart(f"cart id {self.cart_id!r} is not of the form {CART_ID_PATTERN}")
        if not 1 <= len(self.owner) <= MAX_OWNER_LENGTH:
            raise InvalidCart(f"the owner has {len(self.owner)} characters, not 1 to {MAX_OWNER_LENGTH}")
        if self.version < 1 or self.updated_at_ms < 0:
            raise InvalidCart(f"version {self.version} or time {self.updated_at_ms} is below its least")
        if len(self.lines) > MAX_LINES or len({line.sku for line in self.lines}) < len(self.lines):
            raise InvalidCart(f"{len(self.lines)} lines: more than {MAX_LINES}, or two with one SKU")
        if len({line.unit_price.currency for line in self.lines}) > 1:
            raise InvalidCart("lines in more than one currency")

    @property
    def total(self) -> Money | None:
        """What everything costs; None for an empty cart, which has no currency."""
        if not self.lines:
            return None
        return Money(minor_units=sum(line.total.minor_units for line in self.lines), currency=self._currency)

    @property
    def expires_at_ms(self) -> int:
        """When it is forgotten, unless it is changed before."""
        return self.updated_at_ms + LIFETIME_MS

    @property
    def _currency(self) -> str:
        return self.lines[0].unit_price.currency


def new_cart(*, owner: str, now_ms: int) -> Cart:
    """An empty cart of *owner*, with an id that cannot be guessed."""
    return Cart(cart_id=f"cart_{uuid.uuid4().hex}", owner=owner, updated_at_ms=now_ms)


def put_item(cart: Cart, line: CartLine, *, now_ms: int) -> Cart:
    """*cart* with *line*: in the place of the line with its SKU, else after the others.

    Raises:  CartOrdered, CartFull, CurrencyMismatch
    """
    others = [each for each in _open(cart).lines if each.sku != line.sku]
    if len(others) >= MAX_LINES:
        raise CartFull(f"a cart has at most {MAX_LINES} lines")
    if any(each.unit_price.currency != line.unit_price.currency for each in others):
        raise CurrencyMismatch(f"{line.sku} is sold in {line.unit_price.currency}, the rest of the cart is not")
    if len(others) == len(cart.lines):
        return _next(cart, now_ms, lines=(*cart.lines, line))
    return _next(cart, now_ms, lines=tuple(line if each.sku == line.sku else each for each in cart.lines))


def remove_item(cart: Cart, sku: str, *, now_ms: int) -> Cart:
    """*cart* without the line of *sku*; the very same cart when it has none.

    Raises:  CartOrdered
    """
    left = tuple(line for line in _open(cart).lines if line.sku != sku)
    return cart if len(left) == len(cart.lines) else _next(cart, now_ms, lines=left)


def reprice(cart: Cart, offers: Mapping[str, Offer], *, now_ms: int) -> Cart:
    """*cart* at the prices and names of *offers*, by SKU; the very same cart when nothing differs.

    A line whose SKU is not among *offers* stays as it is.

    Raises:  CartOrdered, CurrencyMismatch
    """
    lines = tuple(_at(line, offers.get(line.sku)) for line in _open(cart).lines)
    if len({line.unit_price.currency for line in lines}) > 1:
        raise CurrencyMismatch("the products of this cart are no longer sold in one currency")
    return cart if lines == cart.lines else _next(cart, now_ms, lines=lines)


def mark_ordered(cart: Cart, *, now_ms: int) -> Cart:
    """*cart*, closed: from now on it refuses every change but `reopen`.

    Raises:  CartOrdered: it is already.  CartEmpty
    """
    if not _open(cart).lines:
        raise CartEmpty("there is nothing in this cart")
    return _next(cart, now_ms, lines=cart.lines, state=CartState.ORDERED)


def reopen(cart: Cart, *, now_ms: int) -> Cart:
    """*cart*, open again, as its order came to nothing; the very same cart when it is open."""
    if cart.state is CartState.OPEN:
        return cart
    return _next(cart, now_ms, lines=cart.lines, state=CartState.OPEN)


def check_open(cart: Cart) -> None:
    """Return if *cart* can be changed.

    Raises:  CartOrdered
    """
    if cart.state is not CartState.OPEN:
        raise CartOrdered("this cart was ordered")


def _open(cart: Cart) -> Cart:
    check_open(cart)
    return cart


def _at(line: CartLine, offer: Offer | None) -> CartLine:
    return line if offer is None else replace(line, unit_price=offer.price, name=offer.name)


def _next(cart: Cart, now_ms: int, *, lines: tuple[CartLine, ...], state: CartState = CartState.OPEN) -> Cart:
    # A clock that was set back must not let a cart expire before its time.
    updated_at_ms = max(now_ms, cart.updated_at_ms)
    return replace(cart, lines=lines, state=state, version=cart.version + 1, updated_at_ms=updated_at_ms)
