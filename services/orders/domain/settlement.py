"""Settles orders whose payment is not known: asks the gateway for the truth and brings the order to where that is.

One procedure for a worker, a resumed request and the request itself. It may run any number of times, at once and
after a death at any point: each call to a peer is idempotent, and three rules keep money, stock and order together.

1. While an order is PAYING, the request that brought it there is alone at the gateway. Whoever takes over makes it
   PAYMENT_UNKNOWN first.
2. Stock is committed between authorise and capture: money is only taken for units that have left the shelf.
3. An order is cancelled only once the gateway has voided the payment for good; then its units are released, or
   returned where they were committed.
"""

import contextlib

from services.orders.domain import order_events
from services.orders.domain.order import IN_PAYMENT, Order, State
from services.orders.domain.order_book import OrderBook
from services.orders.domain.order_errors import (
    Declined,
    PaymentCaptured,
    PaymentClosed,
    ReservationClosed,
    ReservationCommitted,
    Stale,
)
from services.orders.domain.order_rounds import OnBehalfOf, delay_ms, nobody, work_through
from services.orders.domain.ports import AUTHORISED, DECLINED, VOIDED, Inventory, Outcome, Payments, RequestKey
from services.shared.errors import PeerUnavailable, PeerUnknown

# Younger, an order that the gateway has never heard of is tried again; older, it is given up.
AUTHORISE_AGAIN_SECONDS = 300.0
HOLD_SECONDS = 600


class Settlement:
    """Orders in payment, brought to their end.

    Args:    on_behalf_of: what surrounds the work on an order that no request waits for.
    """

    def __init__(
        self,
        book: OrderBook,
        inventory: Inventory,
        payments: Payments,
        on_behalf_of: OnBehalfOf = nobody,
    ) -> None:
        self._book = book
        self._inventory = inventory
        self._payments = payments
        self._on_behalf_of = on_behalf_of

    def settle_due(self, *, limit: int = 50) -> int:
        """Settle the orders whose time has come; how many were looked at."""
        due = self._book.orders.due(IN_PAYMENT, now_ms=self._book.now_ms(), limit=limit)
        return work_through(due, self.settle, self._later, self._on_behalf_of)

    def settle(self, order: Order, key: RequestKey | None = None) -> Outcome:
        """*order*, PAYING for too long or PAYMENT_UNKNOWN, as far as it can be settled now; another is left as it is.

        Args:    key: of the request that waits for it; left open when the end is not reached.
        """
        if order.state not in IN_PAYMENT:
            return self._book.as_it_is(order.order_id, key)
        try:
            if order.state is State.PAYING:
                order = self._book.move(order, State.PAYMENT_UNKNOWN)
            return self._by_the_gateway(order, key)
        except Stale:
            return self._book.as_it_is(order.order_id, key)
        except (PeerUnavailable, PeerUnknown):
            return self._later(order, key)

    def collect(self, order: Order, key: RequestKey | None) -> Outcome:
        """Take the authorised money of *order* for its units: commit, then capture.

        Raises:  Stale, PeerUnavailable, PeerUnknown: it is not known how far that came.
        """
        try:
            self._inventory.commit(order.order_id)
        except ReservationClosed:
            return self._void(order, key, reason="hold_expired")
        try:
            self._payments.capture(order.order_id)
        except PaymentClosed:
            return self._cancel(order, key, reason="payment_voided")
        return self._book.end(order, State.CONFIRMED, key)

    def _by_the_gateway(self, order: Order, key: RequestKey | None) -> Outcome:
        payment = self._payments.find(order.order_id)
        if payment is None:
            return self._never_heard_of(order, key)
        if payment.captured > 0:
            return self._captured(order, key)
        if payment.state == AUTHORISED:
            return self.collect(order, key)
        if payment.state == DECLINED:
            return self._book.end(
                order, State.DECLINED, key, reason="declined", decline_code=payment.decline_code or "unknown"
            )
        if payment.state == VOIDED:
            return self._cancel(order, key, reason="payment_voided")
        raise PeerUnknown(f"the gateway calls a payment {payment.state!r}")

    def _never_heard_of(self, order: Order, key: RequestKey | None) -> Outcome:
        if order.age_seconds(self._book.now_ms()) >= AUTHORISE_AGAIN_SECONDS:
            # Leaves a mark there, so that an authorisation still on its way is refused when it arrives.
            return self._void(order, key, reason="payment_not_made")
        try:
            self._payments.authorise(order.order_id, order.total, order.payment_method)
        except Declined as error:
            return self._book.end(order, State.DECLINED, key, reason="declined", decline_code=error.decline_code)
        except PaymentClosed:
            return self._cancel(order, key, reason="payment_voided")
        return self.collect(order, key)

    def _captured(self, order: Order, key: RequestKey | None) -> Outcome:
        try:
            self._inventory.commit(order.order_id)
        except ReservationClosed:
            return self._book.end(order, State.REFUND_PENDING, key, reason="stock_lost", restock=False)
        return self._book.end(order, State.CONFIRMED, key)

    def _void(self, order: Order, key: RequestKey | None, *, reason: str) -> Outcome:
        try:
            # Closed: it was declined; no money can be taken then either.
            with contextlib.suppress(PaymentClosed):
                self._payments.void(order.order_id)
        except PaymentCaptured:
            return self._captured(order, key)
        return self._cancel(order, key, reason=reason)

    def _cancel(self, order: Order, key: RequestKey | None, *, reason: str) -> Outcome:
        """No money can be taken for *order* any more; what it has of the stock goes back first."""
        event = order_events.CANCELLED
        try:
            self._inventory.release(order.order_id)
        except ReservationCommitted:
            self._inventory.take_back(order.order_id)
            event = order_events.RETURNED
        return self._book.end(order, State.CANCELLED, key, reason=reason, event=event)

    def _later(self, order: Order, key: RequestKey | None = None) -> Outcome:
        """Nobody knows yet: keep the units, and come back."""
        # Closed: committed already, or ended; the next attempt finds out which.
        with contextlib.suppress(ReservationClosed, PeerUnavailable, PeerUnknown):
            self._inventory.extend(order.order_id, ttl_seconds=HOLD_SECONDS)
        at_ms = self._book.now_ms() + delay_ms(order.attempts)
        with self._book.orders.writing() as transaction:
            if order.state in IN_PAYMENT:
                transaction.postpone(order, attempts=order.attempts + 1, next_attempt_at_ms=at_ms)
            if key is not None:
                key.let_go(transaction)
        return Outcome(order=order)
