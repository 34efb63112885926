"""A visitor's cart, whoever they are: a guest's lines in the session, a customer's cart at orders.

What somebody puts aside as a guest goes into their real cart once they are signed in.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from services.storefront.domain.errors import NotFound, Refused, SignedOut, Stale
from services.storefront.domain.fresh_tokens import FreshTokens
from services.storefront.domain.money import Money
from services.storefront.domain.ports import Catalog, Orders
from services.storefront.domain.session import MAX_QUANTITY, GuestLine, Session, add_line, put_line
from services.storefront.domain.views import Cart, Line

_ATTEMPTS = 3
NO_LONGER_SOLD = "No longer sold. Please remove it."


class Visit(Protocol):
    """The visitor of one request."""

    @property
    def session(self) -> Session: ...

    def change(self, work: Callable[[Session], Session]) -> Session: ...


class Carts:
    """Shows and changes carts."""

    def __init__(self, tokens: FreshTokens, catalog: Catalog, orders: Orders) -> None:
        self._tokens = tokens
        self._catalog = catalog
        self._orders = orders

    def show(self, visit: Visit) -> Cart:
        """What is in the visitor's cart, at the prices that hold.

        Raises:  Unreachable.  SignedOut: they were signed in until now.
        """
        if visit.session.customer is None:
            return self._guests(visit.session)
        access = self._tokens.access(visit.session)
        cart = self._moved(visit, access) if visit.session.lines else self._customers(visit.session, access)
        _note(visit, cart)
        return cart or Cart()

    def add(self, visit: Visit, sku: str, quantity: int) -> None:
        """Put *quantity* more of *sku* in the cart; at most 99 are kept.

        Raises:  NotFound: no such product.  Refused: the cart is full.  Unreachable, SignedOut
        """
        if visit.session.customer is None:
            product = self._catalog.product(sku)
            _keep(visit, lambda session: add_line(session, product.sku, quantity))
            return
        self._put(visit, sku, lambda kept: min(kept + quantity, MAX_QUANTITY))

    def put(self, visit: Visit, sku: str, quantity: int) -> None:
        """Let *quantity* of *sku* be in the cart, none of it for 0.

        Raises:  as `add`.
        """
        if visit.session.customer is None:
            _keep(visit, lambda session: put_line(session, sku, quantity))
            return
        if quantity > 0:
            self._put(visit, sku, lambda _: quantity)
        elif visit.session.cart_id is not None:
            access = self._tokens.access(visit.session)
            _note(visit, self._orders.remove_item(access, visit.session.cart_id, sku))

    def take_over(self, visit: Visit) -> None:
        """Put what a guest had put aside into their cart, now that they are signed in.

        Raises:  Unreachable: what is left stays aside until the cart is looked at.
        """
        if visit.session.lines:
            _note(visit, self._moved(visit, self._tokens.access(visit.session)))

    def _guests(self, session: Session) -> Cart:
        lines = tuple(self._guest_line(line) for line in session.lines)
        totals = [line.total for line in lines if line.total is not None]
        total = None
        if totals and len({each.currency for each in totals}) == 1:
            total = Money(minor_units=sum(each.minor_units for each in totals), currency=totals[0].currency)
        return Cart(lines=lines, total=total)

    def _guest_line(self, line: GuestLine) -> Line:
        try:
            product = self._catalog.product(line.sku)
        except NotFound:
            return Line(sku=line.sku, name=line.sku, quantity=line.quantity, unit_price=None, problem=NO_LONGER_SOLD)
        return Line(sku=line.sku, name=product.name, quantity=line.quantity, unit_price=product.price)

    def _customers(self, session: Session, access: str) -> Cart | None:
        """The open cart that the session knows; None where there is none any more."""
        if session.cart_id is None:
            return None
        try:
            cart = self._orders.cart(access, session.cart_id)
        except NotFound:
            return None
        return cart if cart.is_open else None

    def _put(self, visit: Visit, sku: str, wanted: Callable[[int], int]) -> None:
        access = self._tokens.access(visit.session)
        cart = self._opened(visit, access)
        for _ in range(_ATTEMPTS):
            try:
                _note(visit, self._orders.put_item(access, cart, sku, wanted(cart.quantity_of(sku))))
                return
            except Stale:
                cart = self._opened(visit, access)
        raise Refused("cart_busy")

    def _opened(self, visit: Visit, access: str) -> Cart:
        cart = self._customers(visit.session, access)
        if cart is None:
            cart = self._orders.new_cart(access)
            _note(visit, cart)
        return cart

    def _moved(self, visit: Visit, access: str) -> Cart:
        cart = self._opened(visit, access)
        for line in visit.session.lines:
            lost = ""
            try:
                quantity = min(cart.quantity_of(line.sku) + line.quantity, MAX_QUANTITY)
                cart = self._orders.put_item(access, cart, line.sku, quantity)
            except NotFound:
                lost = f"{line.sku} is no longer sold and was taken out of your cart."
            except Stale:
                # Changed meanwhile, so the next look at the cart goes on from here.
                break
            except Refused:
                lost = f"{line.sku} did not fit into your cart."
            visit.change(_without(line, cart, lost))
        return cart


def _keep(visit: Visit, work: Callable[[Session], Session]) -> None:
    try:
        visit.change(work)
    except ValueError as error:
        raise Refused("cart_full") from error


def _note(visit: Visit, cart: Cart | None) -> None:
    """Let the session know which cart it is, and how much is in it."""
    cart_id, items = (None, 0) if cart is None else (cart.cart_id, cart.items)
    if (visit.session.cart_id, visit.session.items) != (cart_id, items):
        visit.change(lambda session: replace(session, cart_id=cart_id, items=items))


def _without(line: GuestLine, cart: Cart, lost: str) -> Callable[[Session], Session]:
    def work(session: Session) -> Session:
        if session.customer is None:
            raise SignedOut
        lines = tuple(each for each in session.lines if each.sku != line.sku)
        notice = f"{session.notice} {lost}".strip()[:400]
        return replace(session, lines=lines, cart_id=cart.cart_id, items=cart.items, notice=notice)

    return work
