"""A visitor's cart, whoever they are: a guest's lines in the session, a customer's cart at orders.

What somebody puts aside as a guest goes into their real cart once they are signed in. Which one that is, the session
knows, or orders: the one that they changed last, here or elsewhere.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from services.storefront.domain.errors import TOO_MANY, NotFound, Refused, SignedOut, Stale
from services.storefront.domain.fresh_tokens import FreshTokens
from services.storefront.domain.money import Money
from services.storefront.domain.ports import Catalog, Orders
from services.storefront.domain.session import MAX_QUANTITY, GuestLine, Session, add_line, put_line, quantity_of
from services.storefront.domain.views import Cart, Line

_ATTEMPTS = 3
# About the cart at this moment and no product: what is aside stays so, for the next look.
_PASSING = frozenset({"cart_busy", "cart_not_found", "cart_ordered", TOO_MANY})
NO_LONGER_SOLD = "No longer sold. Please remove it."
BOTH = "What was in your cart when you were here before is in it, too."


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
        cart = self._moved(visit, access) if visit.session.lines else self._customers(visit, access)
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
            # Whatever stands in an address is no product before the catalog says so.
            is_new = quantity > 0 and quantity_of(visit.session, sku) == 0
            known = self._catalog.product(sku).sku if is_new else sku
            _keep(visit, lambda session: put_line(session, known, quantity))
            return
        if quantity > 0:
            self._put(visit, sku, lambda _: quantity)
        elif visit.session.cart_id is not None:
            access = self._tokens.access(visit.session)
            _note(visit, self._orders.remove_item(access, visit.session.cart_id, sku))

    def take_over(self, visit: Visit) -> None:
        """Find the cart of somebody who has just signed in, and put into it what they had put aside as a guest.

        Raises:  Unreachable: what is left of that waits until the cart is looked at.
        """
        self.show(visit)

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

    def _customers(self, visit: Visit, access: str) -> Cart | None:
        """The open cart that the session knows, or the one that orders does; None where there is none any more."""
        session = visit.session
        known = None if session.cart_id is None else self._known(access, session.cart_id)
        if known is not None or session.is_cart_sought:
            return known
        found = next(iter(self._orders.open_carts(access)), None)
        if found is not None and found.lines and session.lines:
            visit.change(lambda session: replace(session, notice=BOTH))
        return found

    def _known(self, access: str, cart_id: str) -> Cart | None:
        try:
            cart = self._orders.cart(access, cart_id)
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
        cart = self._customers(visit, access) or self._orders.new_cart(access)
        _note(visit, cart)
        return cart

    def _moved(self, visit: Visit, access: str) -> Cart:
        cart = self._opened(visit, access)
        for line in visit.session.lines:
            lost = ""
            try:
                quantity = min(cart.quantity_of(line.sku) + line.quantity, MAX_QUANTITY)
                cart = self._orders.put_item(access, cart, line.sku, quantity)
            except Stale:
                # Changed meanwhile, so the next look at the cart goes on from here.
                break
            except NotFound as error:
                if str(error) in _PASSING:
                    break
                lost = f"{line.sku} is no longer sold and was taken out of your cart."
            except Refused as refusal:
                if refusal.code in _PASSING:
                    break
                lost = f"{line.sku} did not fit into your cart."
            visit.change(_without(line, cart, lost))
        return cart


def _keep(visit: Visit, work: Callable[[Session], Session]) -> None:
    try:
        visit.change(work)
    except ValueError as error:
        raise Refused("cart_full") from error


def _note(visit: Visit, cart: Cart | None) -> None:
    """Let the session know which cart it is, and how much is in it: orders was asked."""
    cart_id, items = (None, 0) if cart is None else (cart.cart_id, cart.items)
    session = visit.session
    if (session.cart_id, session.items, session.is_cart_sought) != (cart_id, items, True):
        visit.change(lambda session: replace(session, cart_id=cart_id, items=items, is_cart_sought=True))


def _without(line: GuestLine, cart: Cart, lost: str) -> Callable[[Session], Session]:
    def work(session: Session) -> Session:
        if session.customer is None:
            raise SignedOut
        lines = tuple(each for each in session.lines if each.sku != line.sku)
        notice = f"{session.notice} {lost}".strip()[:400]
        return replace(session, lines=lines, cart_id=cart.cart_id, items=cart.items, notice=notice)

    return work
