"""What the pages need of the store of sessions and of the other services."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from services.storefront.domain.session import Customer, Session, Tokens
from services.storefront.domain.views import (
    Availability,
    Cart,
    Category,
    Order,
    OrderPage,
    Product,
    ProductPage,
    Profile,
)

# Cumulative layout shift: the one web vital that is no time.
CLS = "CLS"


@dataclass(frozen=True, slots=True)
class Claim:
    """The session as it is now, and whether its tokens are ours to refresh."""

    session: Session
    is_ours: bool


class SessionStore(Protocol):
    """Sessions, by the hash of their id."""

    def create(self, session: Session) -> None:
        """Store *session*, unless there is one with its key already."""
        ...

    def find(self, key: str) -> Session | None: ...

    def change(self, key: str, work: Callable[[Session], Session]) -> Session | None:
        """Store what *work* makes of the session, one change after another; None where it is gone."""
        ...

    def replace(self, old_key: str, new: Session) -> bool:
        """Store *new* in the place of another; False, and nothing is stored, where that is gone."""
        ...

    def delete(self, key: str) -> None: ...

    def of_user(self, user_id: str) -> tuple[Session, ...]: ...

    def claim_refresh(self, key: str, *, now_ms: int, until_ms: int) -> Claim | None:
        """Take the right to refresh the tokens until *until_ms*, unless another has it; None where it is gone."""
        ...

    def end_refresh(self, key: str, tokens: Tokens | None) -> Session | None:
        """Give the right back, with the new *tokens* where there are any."""
        ...


class Catalog(Protocol):
    """What is sold."""

    def categories(self) -> tuple[Category, ...]: ...

    def products(
        self, *, category: str | None = None, query: str | None = None, cursor: str | None = None, limit: int
    ) -> ProductPage: ...

    def product(self, sku: str) -> Product: ...


class Stock(Protocol):
    """The inventory."""

    def availability(self, sku: str) -> Availability | None:
        """None where it is not known, also while the inventory cannot be asked."""
        ...


class Users(Protocol):
    """Accounts. *address*: the visitor's own, for the limits of the users service."""

    def register(self, *, email: str, password: str, name: str, address: str | None) -> None: ...

    def sign_in(self, *, email: str, password: str, address: str | None) -> Customer: ...

    def refresh(self, refresh_token: str) -> Tokens: ...

    def sign_out(self, refresh_token: str) -> None: ...

    def profile(self, access: str) -> Profile: ...

    def rename(self, access: str, name: str) -> None: ...

    def change_password(self, access: str, *, current: str, new: str, address: str | None) -> None: ...

    def request_reset(self, email: str, *, address: str | None) -> None: ...

    def confirm_reset(self, token: str, new_password: str, *, address: str | None) -> None: ...


class Orders(Protocol):
    """Customers' carts and orders. *access*: the customer's token."""

    def new_cart(self, access: str) -> Cart: ...

    def cart(self, access: str, cart_id: str) -> Cart: ...

    def open_carts(self, access: str) -> tuple[Cart, ...]:
        """Those that can be ordered, the one that was changed last first."""
        ...

    def put_item(self, access: str, cart: Cart, sku: str, quantity: int) -> Cart: ...

    def remove_item(self, access: str, cart_id: str, sku: str) -> Cart: ...

    def place(self, access: str, *, key: str, cart_id: str, cart_version: int, payment_method: str) -> Order: ...

    def orders(self, access: str, cursor: str | None = None) -> OrderPage: ...

    def order(self, access: str, order_id: str) -> Order: ...

    def cancel(self, access: str, order_id: str, *, key: str) -> Order: ...


class PageCounts(Protocol):
    """Whoever counts what is looked at, and how it felt. A page is the rule of its route."""

    pages: frozenset[str]

    def viewed(self, page: str, *, traffic: str) -> None: ...

    def vital(self, name: str, value: float, *, page: str) -> None: ...

    def failed(self, errors: int, *, page: str) -> None: ...
