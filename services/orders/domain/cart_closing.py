"""What becomes of a cart whose order was confirmed."""

from services.orders.domain.cart import mark_ordered
from services.orders.domain.cart_errors import CartEmpty, CartNotFound, CartOrdered
from services.orders.domain.cart_ports import CartRepository


def close_cart(carts: CartRepository, cart_id: str, *, now_ms: int) -> None:
    """Mark the cart as ordered; as often as wanted, and also when it is gone.

    Raises:  CartChanged: somebody changes it at this moment.
    """
    try:
        cart = carts.get(cart_id)
        carts.save(mark_ordered(cart, now_ms=now_ms), cart.version)
    except (CartNotFound, CartOrdered, CartEmpty):
        return
