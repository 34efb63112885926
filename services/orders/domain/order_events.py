"""Which events tell the other services of an order's change."""

from services.orders.domain.order import Order, State

CONFIRMED = "OrderConfirmed"
DECLINED = "OrderDeclined"
CANCELLED = "OrderCancelled"
EXPIRED = "OrderExpired"
RETURNED = "OrderReturned"
# Inventory acts on these: the first three release what is held and keep it from being held later.
FOR_INVENTORY = frozenset({DECLINED, CANCELLED, EXPIRED, RETURNED})

_BY_STATE = {
    State.CONFIRMED: CONFIRMED,
    State.DECLINED: DECLINED,
    State.CANCELLED: CANCELLED,
    State.EXPIRED: EXPIRED,
}


def event_of(order: Order) -> str | None:
    """The event that goes with *order*'s arrival in its state; None where nobody waits for one."""
    if order.state is State.REFUNDED:
        return RETURNED if order.restock else None
    return _BY_STATE.get(order.state)
