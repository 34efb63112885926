"""Carts held in memory, for as long as the process runs: what tests keep them in."""

import threading
import time
from collections.abc import Callable

from services.orders.domain.cart import Cart, CartState
from services.orders.domain.cart_errors import CartChanged, CartNotFound


class InMemoryCarts:
    """A `CartRepository` of one process; safe to use from many threads.

    Args:    now: Unix seconds.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._carts: dict[str, Cart] = {}

    def create(self, cart: Cart) -> None:
        with self._lock:
            if cart.cart_id in self._carts:
                raise CartChanged(cart.cart_id)
            self._carts[cart.cart_id] = cart

    def get(self, cart_id: str) -> Cart:
        with self._lock:
            cart = self._kept(cart_id)
        if cart.expires_at_ms <= self._now() * 1000:
            raise CartNotFound(cart_id)
        return cart

    def save(self, cart: Cart, expected_version: int) -> None:
        with self._lock:
            self._at(cart.cart_id, expected_version)
            self._carts[cart.cart_id] = cart

    def delete(self, cart_id: str, expected_version: int) -> None:
        with self._lock:
            self._at(cart_id, expected_version)
            del self._carts[cart_id]

    def open_of(self, owner: str, *, limit: int) -> tuple[Cart, ...]:
        with self._lock:
            kept = [cart for cart in self._carts.values() if cart.owner == owner and cart.state is CartState.OPEN]
        alive = [cart for cart in kept if cart.expires_at_ms > self._now() * 1000]
        return tuple(sorted(alive, key=lambda cart: cart.updated_at_ms, reverse=True)[:limit])

    def check(self) -> None:
        """Memory is always there."""

    def _at(self, cart_id: str, version: int) -> None:
        if self._kept(cart_id).version != version:
            raise CartChanged(cart_id)

    def _kept(self, cart_id: str) -> Cart:
        try:
            return self._carts[cart_id]
        except KeyError:
            raise CartNotFound(cart_id) from None
