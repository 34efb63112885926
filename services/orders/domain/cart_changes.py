"""Changing a kept cart: read, changed, saved unless somebody was faster; then once more, a bounded number of times."""

import re
from collections.abc import Callable

from services.orders.domain.cart import CART_ID_PATTERN, Cart, check_open
from services.orders.domain.cart_errors import CartChanged, CartNotFound, CartStale
from services.orders.domain.cart_ports import CartRepository

# Of n that change one cart at once, each round lets one through: enough for 20 at the same moment.
ATTEMPTS = 20
FIRST_PAUSE_SECONDS = 0.005
MAX_PAUSE_SECONDS = 0.1


def load(carts: CartRepository, cart_id: str, owner: str) -> Cart:
    """The cart *cart_id* of *owner*.

    Raises:  CartNotFound: somebody else's, too: that it exists is nobody's business.
    """
    if re.fullmatch(CART_ID_PATTERN, cart_id) is None:
        raise CartNotFound(cart_id)
    cart = carts.get(cart_id)
    if cart.owner != owner:
        raise CartNotFound(cart_id)
    return cart


def expect(cart: Cart, accepts: Callable[[int], bool]) -> None:
    """Return if *cart* is at a version that *accepts* takes.

    Raises:  CartStale
    """
    if not accepts(cart.version):
        raise CartStale(f"the cart is at version {cart.version}")


def change(
    carts: CartRepository,
    cart: Cart,
    edit: Callable[[Cart], Cart],
    *,
    accepts: Callable[[int], bool],
    pause: Callable[[float], None],
) -> Cart:
    """What *edit* made of *cart*, saved; *cart* itself where there was nothing to change.

    Args:    cart: as it was read last. edit: pure, as it may be run anew on a later version. accepts: the versions
             that may be changed. pause: waits for a random while of at most that many seconds.
    Raises:  CartStale; CartNotFound: gone meanwhile; CartChanged: others were faster each time; what *edit* raises.
    """

    def save(current: Cart) -> Cart:
        edited = edit(current)
        if edited is not current:
            carts.save(edited, current.version)
        return edited

    return _retried(carts, cart, save, accepts, pause)


def discard(
    carts: CartRepository, cart: Cart, *, accepts: Callable[[int], bool], pause: Callable[[float], None]
) -> None:
    """Delete *cart*, which must not be ordered.

    Args, Raises:  as `change`; CartOrdered.
    """

    def delete(current: Cart) -> Cart:
        check_open(current)
        carts.delete(current.cart_id, current.version)
        return current

    _retried(carts, cart, delete, accepts, pause)


def _retried(
    carts: CartRepository,
    cart: Cart,
    act: Callable[[Cart], Cart],
    accepts: Callable[[int], bool],
    pause: Callable[[float], None],
) -> Cart:
    for attempt in range(ATTEMPTS - 1):
        expect(cart, accepts)
        try:
            return act(cart)
        except CartChanged:
            pause(min(MAX_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt))
        cart = carts.get(cart.cart_id)
    expect(cart, accepts)
    return act(cart)
