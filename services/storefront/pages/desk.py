"""What the pages are made with: handed to each of them once, when the application is put together."""

from collections.abc import Callable
from dataclasses import dataclass

from apiflask import APIBlueprint
from flask import request

from services.shared.limits import Limiter
from services.storefront.domain.carts import Carts
from services.storefront.domain.errors import SignedOut
from services.storefront.domain.fresh_tokens import FreshTokens
from services.storefront.domain.ports import Catalog, Orders, SessionStore, Stock, Users
from services.storefront.pages.frame import Frame
from services.storefront.pages.visits import CurrentVisit, Visits


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything that a page may need. limiter: how often one address may ask. pause: waits for so many seconds.
    now: Unix seconds.
    """

    pages: APIBlueprint
    frame: Frame
    visits: Visits
    sessions: SessionStore
    tokens: FreshTokens
    carts: Carts
    catalog: Catalog
    stock: Stock
    orders: Orders
    users: Users
    limiter: Limiter
    pause: Callable[[float], None]
    now: Callable[[], float]

    def access(self) -> str:
        """The token of the visitor, who is signed in.

        Raises:  SignedOut: they are not.  Unreachable
        """
        visit = self.visits.current()
        if visit.known is None:
            raise SignedOut
        return self.tokens.access(visit.known)

    def customer_visit(self) -> CurrentVisit:
        """The visit of somebody who is signed in.

        Raises:  SignedOut
        """
        visit = self.visits.current()
        if visit.known is None or visit.known.customer is None:
            raise SignedOut
        return visit


def address() -> str | None:
    """Where the visitor is; the users service limits by it."""
    return request.remote_addr
