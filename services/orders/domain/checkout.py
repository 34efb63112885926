"""Checkout: from a cart to an order that is paid, or surely not.

Claim the key and place the order · check the prices · reserve · pay. No transaction is open while another service is
asked. Whoever dies on the way leaves an order in a state that says how far it came: a repeat of the request, or the
worker, goes on from there.
"""

import contextlib

from services.orders.domain.cart import Cart, CartState, Offer, reprice
from services.orders.domain.cart_closing import close_cart
from services.orders.domain.cart_errors import CartError, CartNotFound, CatalogUnavailable, ProductUnknown
from services.orders.domain.cart_ports import CartRepository, PriceSource
from services.orders.domain.order import IN_PAYMENT, UNPAID, Order, State, new_order_id, place
from services.orders.domain.order_book import OrderBook
from services.orders.domain.order_errors import (
    Abandoned,
    CartOutdated,
    CartUsed,
    Declined,
    OutOfStock,
    PaymentClosed,
    ReservationClosed,
    Shortage,
    Stale,
)
from services.orders.domain.order_rounds import FIRST_DELAY_SECONDS
from services.orders.domain.ports import Inventory, Outcome, Payments, PriceChange, RequestKey
from services.orders.domain.settlement import HOLD_SECONDS, Settlement
from services.shared.errors import DatabaseUnavailable, PeerUnavailable, PeerUnknown

# Above what a request may take: after that nobody but a settler works on the order.
PAYING_SECONDS = 15.0


class Checkout:
    """Places orders and takes up those whose request died."""

    def __init__(
        self,
        book: OrderBook,
        carts: CartRepository,
        prices: PriceSource,
        inventory: Inventory,
        payments: Payments,
    ) -> None:
        self._book = book
        self._carts = carts
        self._prices = prices
        self._inventory = inventory
        self._payments = payments
        self._settlement = Settlement(book, inventory, payments)

    def place(
        self,
        key: RequestKey,
        *,
        owner: str,
        cart_id: str,
        cart_version: int | None = None,
        payment_method: str,
        traffic: str,
    ) -> Outcome:
        """Order what is in the cart, or go on with what an earlier request with this *key* has begun.

        Args:    cart_version: that the buyer has seen; None orders whatever is in the cart.
        Raises:  CartNotFound, CartUsed, CartOutdated, InvalidOrder: nothing is left of the attempt, its key included.
                 Abandoned: the same, because a service that is needed did not answer.
        """
        cart = self._cart_of(owner, cart_id)
        order_id = new_order_id()
        with self._book.orders.writing() as transaction:
            begun = key.claim(transaction, order_id)
            if begun is not None:
                order = transaction.load(begun)
            else:
                # What was compared is what is ordered: of a change after this read, nothing is in the order.
                seen = _seen(cart, cart_version)
                order = place(
                    seen,
                    order_id=order_id,
                    payment_method=payment_method,
                    traffic=traffic,
                    now_ms=self._book.now_ms(),
                )
                transaction.add(order)
        outcome = self._advance(order, key) if order.state in UNPAID else self._taken_up(order, key)
        if outcome.order.state is State.CONFIRMED:
            self._close_cart(outcome.order)
        return outcome

    def _cart_of(self, owner: str, cart_id: str) -> Cart | None:
        try:
            cart = self._carts.get(cart_id)
        except CartNotFound:
            return None
        return cart if cart.owner == owner else None

    def _taken_up(self, order: Order, key: RequestKey) -> Outcome:
        """An order that an earlier request has brought beyond the reservation."""
        if order.state in IN_PAYMENT:
            if order.state is State.PAYING and order.next_attempt_at_ms > self._book.now_ms():
                return self._book.as_it_is(order.order_id, key)
            return self._settlement.settle(order, key)
        outcome = Outcome(order=order)
        with self._book.orders.writing() as transaction:
            key.complete(transaction, outcome)
        return outcome

    def _advance(self, order: Order, key: RequestKey) -> Outcome:
        try:
            if order.state is State.PENDING:
                if changes := self._price_changes(order):
                    return self._book.end(order, State.CANCELLED, key, reason="price_changed", in_the_way=changes)
                self._inventory.reserve(order.order_id, order.lines, ttl_seconds=HOLD_SECONDS)
                order = self._book.move(order, State.RESERVED)
            order = self._book.move(order, State.PAYING, next_attempt_in_seconds=PAYING_SECONDS)
        except OutOfStock as error:
            return self._end_unpaid(order, key, reason="out_of_stock", shortages=error.shortages)
        except ReservationClosed:
            return self._end_unpaid(order, key, reason="hold_expired")
        except Stale:
            return self._book.as_it_is(order.order_id, key)
        except (CatalogUnavailable, PeerUnavailable, PeerUnknown) as error:
            return self._abandon(order, key, error)
        return self._pay(order, key)

    def _pay(self, order: Order, key: RequestKey) -> Outcome:
        try:
            try:
                self._payments.authorise(order.order_id, order.total, order.payment_method)
            except Declined as error:
                return self._book.end(order, State.DECLINED, key, reason="declined", decline_code=error.decline_code)
            except PeerUnavailable as error:
                # Nobody else can have been at the gateway: see the first rule in settlement.py.
                return self._abandon(order, key, error)
            return self._settlement.collect(order, key)
        except Stale:
            return self._book.as_it_is(order.order_id, key)
        except (PeerUnavailable, PeerUnknown, PaymentClosed):
            return self._unknown(order, key)

    def _unknown(self, order: Order, key: RequestKey) -> Outcome:
        with contextlib.suppress(Stale):
            self._book.move(order, State.PAYMENT_UNKNOWN, next_attempt_in_seconds=FIRST_DELAY_SECONDS)
        return self._book.as_it_is(order.order_id, key)

    def _end_unpaid(
        self, order: Order, key: RequestKey, *, reason: str, shortages: tuple[Shortage, ...] = ()
    ) -> Outcome:
        try:
            return self._book.end(order, State.CANCELLED, key, reason=reason, in_the_way=shortages)
        except Stale:
            return self._book.as_it_is(order.order_id, key)

    def _abandon(self, order: Order, key: RequestKey, error: Exception) -> Outcome:
        """Nothing can have been taken: the order ends, a hold that may be there is released, the key is free again.

        Raises:  Abandoned
        """
        try:
            self._book.abandon(order, key, reason="unavailable")
        except Stale:
            return self._book.as_it_is(order.order_id, key)
        raise Abandoned(str(error), retry_after_seconds=getattr(error, "retry_after_seconds", 1)) from error

    def _price_changes(self, order: Order) -> tuple[PriceChange, ...]:
        """The lines that cost something else now; the cart shows it from here on.

        Raises:  CatalogUnavailable
        """
        offers: dict[str, Offer] = {}
        changes = []
        for number, line in enumerate(order.lines):
            try:
                offers[line.sku] = self._prices.price_of(line.sku)
                price = offers[line.sku].price
            except ProductUnknown:
                price = None
            if price != line.unit_price:
                changes.append(PriceChange(line=number, sku=line.sku, now=price))
        if changes:
            self._reprice(order, offers)
        return tuple(changes)

    def _reprice(self, order: Order, offers: dict[str, Offer]) -> None:
        # Where it fails, the cart is being changed or gone: the next checkout compares again.
        with contextlib.suppress(CartError, DatabaseUnavailable):
            cart = self._carts.get(order.cart_id)
            repriced = reprice(cart, offers, now_ms=self._book.now_ms())
            if repriced is not cart:
                self._carts.save(repriced, cart.version)

    def _close_cart(self, order: Order) -> None:
        # Where it fails: the order's event does the same, until it has succeeded.
        with contextlib.suppress(CartError, DatabaseUnavailable):
            close_cart(self._carts, order.cart_id, now_ms=self._book.now_ms())


def _seen(cart: Cart | None, version: int | None) -> Cart:
    """*cart*, which can be ordered, at the *version* that its buyer has seen."""
    if cart is None:
        raise CartNotFound("no such cart")
    if cart.state is not CartState.OPEN:
        raise CartUsed("this cart was ordered")
    if version not in (None, cart.version):
        raise CartOutdated(f"the cart is at version {cart.version}")
    return cart
