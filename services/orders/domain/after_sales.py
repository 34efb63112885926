"""What happens to an order after its checkout: its owner cancels it, staff pay it back, the warehouse sends it."""

from services.orders.domain.order import IN_PAYMENT, PAID, UNPAID, Order, State, change
from services.orders.domain.order_book import OrderBook
from services.orders.domain.order_errors import NotAllowed, OrderNotFound, RefundRefused, Stale
from services.orders.domain.order_events import event_of
from services.orders.domain.order_rounds import OnBehalfOf, delay_ms, nobody, work_through
from services.orders.domain.ports import Outcome, Payments, RequestKey
from services.shared.errors import PeerUnavailable, PeerUnknown

# Done already, as far as whoever cancels or refunds is concerned.
_UNDONE = frozenset({State.CANCELLED, State.REFUND_PENDING, State.REFUNDED})


class AfterSales:
    """Cancelling, refunding, fulfilling.

    Args:    on_behalf_of: what surrounds the work on an order that no request waits for.
    """

    def __init__(self, book: OrderBook, payments: Payments, on_behalf_of: OnBehalfOf = nobody) -> None:
        self._book = book
        self._payments = payments
        self._on_behalf_of = on_behalf_of

    def cancel(self, key: RequestKey, order_id: str, *, owner: str) -> Outcome:
        """Cancel *owner*'s order; what was paid is paid back, the units go back on the shelf.

        Raises:  OrderNotFound.  NotAllowed: it is being paid, was sent, or came to nothing by itself.
        """
        return self._undo(key, order_id, owner=owner, restock=True, reason="by_owner")

    def refund(self, key: RequestKey, order_id: str, *, restock: bool) -> Outcome:
        """Pay a whole order back.

        Args:    restock: also put the units of one that was sent back on the shelf; others' always go there.
        Raises:  OrderNotFound.  NotAllowed: it was not paid.
        """
        return self._undo(key, order_id, owner=None, restock=restock, reason="by_staff")

    def fulfil(self, order_id: str) -> Order:
        """The order has been sent; said again, nothing changes.

        Raises:  OrderNotFound.  NotAllowed: it is not one that can be sent.
        """
        with self._book.orders.writing() as transaction:
            order = transaction.load(order_id)
            if order.state is State.FULFILLED:
                return order
            after = change(order, State.FULFILLED, now_ms=self._book.now_ms())
            transaction.move(order, after, event_of(after))
        return after

    def pay_back_due(self, *, limit: int = 50) -> int:
        """Refund the orders whose time has come; how many were looked at."""
        waiting = frozenset({State.REFUND_PENDING})
        due = self._book.orders.due(waiting, now_ms=self._book.now_ms(), limit=limit)
        return work_through(due, self.pay_back, self._later, self._on_behalf_of)

    def pay_back(self, order: Order, key: RequestKey | None = None) -> Outcome:
        """Refund *order*, REFUND_PENDING, as far as the gateway answers now. Any number may try at once."""
        try:
            self._refund(order)
            return self._book.end(order, State.REFUNDED, key)
        except Stale:
            return self._book.as_it_is(order.order_id, key)
        except (PeerUnavailable, PeerUnknown, RefundRefused):
            return self._later(order, key)

    def _undo(self, key: RequestKey, order_id: str, *, owner: str | None, restock: bool, reason: str) -> Outcome:
        with self._book.orders.writing() as transaction:
            key.claim(transaction, order_id)
            order = transaction.load(order_id)
            if owner not in (None, order.owner):
                raise OrderNotFound(order_id)
            if order.state not in _UNDONE:
                to = _undoing(order, by_owner=owner is not None)
                now_ms = self._book.now_ms()
                before, wanted = order, restock or order.state is State.CONFIRMED
                # This request pays back at once; the worker takes over only when it has not come to an end.
                order = change(
                    before, to, now_ms=now_ms, reason=reason, restock=wanted, next_attempt_at_ms=now_ms + 5000
                )
                transaction.move(before, order, event_of(order))
            outcome = Outcome(order=order)
            if order.state is not State.REFUND_PENDING:
                key.complete(transaction, outcome)
                return outcome
        return self.pay_back(order, key)

    def _refund(self, order: Order) -> None:
        try:
            self._payments.refund(order.order_id, order.total)
        except RefundRefused:
            # The gateway's memory of our key has an end; its memory of the money has none.
            payment = self._payments.find(order.order_id)
            if payment is None or payment.refunded < order.total.minor_units:
                raise

    def _later(self, order: Order, key: RequestKey | None = None) -> Outcome:
        at_ms = self._book.now_ms() + delay_ms(order.attempts)
        with self._book.orders.writing() as transaction:
            transaction.postpone(order, attempts=order.attempts + 1, next_attempt_at_ms=at_ms)
            if key is not None:
                key.let_go(transaction)
        return Outcome(order=order)


def _undoing(order: Order, *, by_owner: bool) -> State:
    """The state that undoes *order*.

    Raises:  NotAllowed
    """
    if order.state in IN_PAYMENT:
        raise NotAllowed("the order is being paid: whether it can be cancelled shows in a moment", "order_in_payment")
    if by_owner and order.state in UNPAID:
        return State.CANCELLED
    if by_owner and order.state is State.FULFILLED:
        raise NotAllowed("the order has been sent; our staff refund it", "order_fulfilled")
    if order.state in PAID:
        return State.REFUND_PENDING
    raise NotAllowed(f"an order that is {order.state} cannot be undone", "order_not_paid")
