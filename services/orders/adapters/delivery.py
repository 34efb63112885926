"""Where events of orders go: to the stock, and to the cart that was bought."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Histogram

from services.orders.adapters.inventory_http import HttpInventory
from services.orders.domain import order_events
from services.orders.domain.cart_closing import close_cart
from services.orders.domain.cart_ports import CartRepository
from services.orders.domain.order import Order
from services.shared import propagation, traffic
from services.shared.outbox import Event

# Seconds; the objective is 60.
DELIVERY_BUCKETS = (0.1, 0.5, 1.0, 5.0, 10.0, 60.0, 300.0)


class Delivery:
    """Delivers one event; a repeat does nothing.

    Args:    now: Unix seconds.
    """

    def __init__(self, inventory: HttpInventory, carts: CartRepository, *, now: Callable[[], float]) -> None:
        self._inventory = inventory
        self._carts = carts
        self._now = now

    def deliver(self, event: Event) -> None:
        """Do what *event* is for.

        Raises:  PeerUnavailable, PeerUnknown, DatabaseUnavailable, CartChanged: it has to be delivered again.
        """
        with propagation.resumed(event.context, name="event"):
            if event.type == order_events.CONFIRMED:
                close_cart(self._carts, event.data["cart_id"], now_ms=int(self._now() * 1000))
            elif event.type in order_events.FOR_INVENTORY:
                self._inventory.tell(event)


@contextmanager
def on_behalf_of(order: Order) -> Iterator[None]:
    """Do what is inside as whose traffic *order* is: peers and metrics count it there."""
    token = traffic.current.set(order.traffic)
    try:
        yield
    finally:
        traffic.current.reset(token)


def delivery_seconds(registry: CollectorRegistry) -> Callable[[float], None]:
    """Takes the seconds from what happened to when its event was delivered."""
    histogram = Histogram(
        "shop_event_delivery_seconds",
        "Time from an event to its delivery.",
        buckets=DELIVERY_BUCKETS,
        registry=registry,
    )
    return histogram.observe
