"""What carts need from the world: somewhere to be kept, and somebody who knows prices."""

from typing import Protocol

from services.orders.domain.cart import Cart, Offer


class CartRepository(Protocol):
    """Where carts are kept. An expired cart is as good as gone, whenever the store really deletes it.

    Each method may also raise services.shared.errors.DatabaseUnavailable: whether a change that was under way has
    happened is then not known.
    """

    def create(self, cart: Cart) -> None:
        """Keep *cart*, which is new.

        Raises:  CartChanged: there is one with its id.
        """
        ...

    def get(self, cart_id: str) -> Cart:
        """The cart *cart_id*, with every change that was saved before.

        Raises:  CartNotFound
        """
        ...

    def save(self, cart: Cart, expected_version: int) -> None:
        """Keep *cart* in place of itself at *expected_version*; both at once, or nothing.

        Args:    cart: what a domain function made of the cart that was read: its version is above the expected one.
        Raises:  CartChanged: it is at another version now.  CartNotFound: it is gone.
        """
        ...

    def delete(self, cart_id: str, expected_version: int) -> None:
        """Forget the cart at *expected_version*.

        Raises:  CartChanged: it is at another version now.  CartNotFound: it is gone.
        """
        ...

    def open_of(self, owner: str, *, limit: int) -> tuple[Cart, ...]:
        """Open carts of *owner*, the one that was changed last first; each as it is now.

        One that was made or opened again within the last second may be missing.
        """
        ...

    def check(self) -> None:
        """Return if the store can be used now, else raise whatever it raises."""
        ...


class PriceSource(Protocol):
    """Whoever knows what products cost now."""

    def price_of(self, sku: str) -> Offer:
        """The offer of *sku*.

        Raises:  ProductUnknown, CatalogUnavailable
        """
        ...
