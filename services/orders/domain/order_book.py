"""Changes of orders, each in one transaction with its event and, where it ends a request, with the stored answer."""

from collections.abc import Callable

from services.orders.domain.order import Order, State, change
from services.orders.domain.order_errors import Shortage
from services.orders.domain.order_events import event_of
from services.orders.domain.ports import Orders, Outcome, PriceChange, RequestKey


class OrderBook:
    """Orders, and the time.

    Args:    now: Unix seconds.
    """

    def __init__(self, orders: Orders, now: Callable[[], float]) -> None:
        self.orders = orders
        self._now = now

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return int(self._now() * 1000)

    def move(self, order: Order, to: State, *, next_attempt_in_seconds: float = 0.0) -> Order:
        """*order* in its next state, stored.

        Raises:  Stale: somebody else has changed it since.
        """
        now_ms = self.now_ms()
        after = change(order, to, now_ms=now_ms, next_attempt_at_ms=now_ms + int(next_attempt_in_seconds * 1000))
        with self.orders.writing() as transaction:
            transaction.move(order, after, event_of(after))
        return after

    def end(
        self,
        order: Order,
        to: State,
        key: RequestKey | None,
        *,
        reason: str | None = None,
        decline_code: str | None = None,
        restock: bool | None = None,
        event: str | None = None,
        in_the_way: tuple[Shortage | PriceChange, ...] = (),
    ) -> Outcome:
        """*order* in the state that answers the request, with the answer stored under its *key*, if there is one.

        Args:    event: instead of the state's own.
        Raises:  Stale: as in `move`; then the answer is not stored either.
        """
        after = change(order, to, now_ms=self.now_ms(), reason=reason, decline_code=decline_code, restock=restock)
        outcome = Outcome(order=after, in_the_way=in_the_way)
        with self.orders.writing() as transaction:
            transaction.move(order, after, event or event_of(after))
            if key is not None:
                key.complete(transaction, outcome)
        return outcome

    def abandon(self, order: Order, key: RequestKey, *, reason: str) -> None:
        """Cancel *order* and give its *key* back: a repeat of the request begins anew.

        Raises:  Stale: as in `move`.
        """
        after = change(order, State.CANCELLED, now_ms=self.now_ms(), reason=reason)
        with self.orders.writing() as transaction:
            transaction.move(order, after, event_of(after))
            key.abandon(transaction)

    def as_it_is(self, order_id: str, key: RequestKey | None) -> Outcome:
        """The order as others have left it; its request ends without a stored answer, and a repeat looks again."""
        with self.orders.writing() as transaction:
            order = transaction.load(order_id)
            if key is not None:
                key.let_go(transaction)
        return Outcome(order=order)
