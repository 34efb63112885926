"""Orders that nobody began to pay come to an end, and give free what they hold."""

from services.orders.domain.order import State
from services.orders.domain.order_book import OrderBook
from services.orders.domain.order_errors import Stale
from services.orders.domain.order_rounds import OnBehalfOf, nobody
from services.orders.domain.settlement import HOLD_SECONDS


def expire(book: OrderBook, around: OnBehalfOf = nobody, *, limit: int = 100) -> int:
    """Expire orders whose hold has ended; how many. One whose payment has begun meanwhile stays.

    Args:    around: what surrounds the work on each.
    """
    expired = 0
    for order in book.orders.unpaid_before(book.now_ms() - HOLD_SECONDS * 1000, limit=limit):
        try:
            with around(order):
                book.end(order, State.EXPIRED, None, reason="not_paid_in_time")
        except Stale:
            continue
        expired += 1
    return expired
