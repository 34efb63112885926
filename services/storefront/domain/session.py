"""A visitor's session: what they have put aside, and as whom they are signed in. Each change is a new one."""

from dataclasses import dataclass, field, replace

# After its last use.
IDLE_MS = 30 * 24 * 3600 * 1000
# One that holds nothing is what a visitor leaves who looked at a page once.
EMPTY_IDLE_MS = 24 * 3600 * 1000
# As orders has them for its carts.
MAX_LINES = 50
MAX_QUANTITY = 99
# Used up before it expires: the call that it is for takes time, and clocks differ.
EARLY_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What the services know a customer by. `expires_at_ms`: of the access token."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at_ms: int

    def are_good(self, now_ms: int, early_ms: int = EARLY_MS) -> bool:
        """Whether the access token can be used now."""
        return now_ms < self.expires_at_ms - early_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody who is signed in."""

    user_id: str
    name: str = field(repr=False)
    tokens: Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestLine:
    """So many of a product, put aside by somebody who is not signed in; prices are the catalog's."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What is kept of a visitor.

    key:   of its storage: the hash of the id that the visitor's cookie holds.
    lines: of a guest's cart. cart_id: of a customer's, at orders. items: how many pieces are in either.
    is_cart_sought: whether orders was asked, since the customer has signed in, which cart is theirs.
    notice: said once, on the next page.
    """

    key: str
    customer: Customer | None = None
    lines: tuple[GuestLine, ...] = ()
    cart_id: str | None = None
    items: int = 0
    is_cart_sought: bool = False
    notice: str = ""
    created_at_ms: int
    seen_at_ms: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing would be lost with it."""
        return self.customer is None and not self.lines

    def is_over(self, now_ms: int) -> bool:
        """Whether it was not used for too long."""
        return now_ms - self.seen_at_ms > IDLE_MS


def put_line(session: Session, sku: str, quantity: int) -> Session:
    """*session* with *quantity* of *sku*, 0 for none of it; at most MAX_QUANTITY.

    Raises:  ValueError: it has as many lines as there may be.
    """
    kept = tuple(line for line in session.lines if line.sku != sku)
    if quantity > 0:
        line = GuestLine(sku=sku, quantity=min(quantity, MAX_QUANTITY))
        if len(kept) < len(session.lines):
            kept = tuple(line if each.sku == sku else each for each in session.lines)
        elif len(kept) >= MAX_LINES:
            raise ValueError(f"more than {MAX_LINES} lines")
        else:
            kept = (*kept, line)
    return replace(session, lines=kept, items=sum(each.quantity for each in kept))


def add_line(session: Session, sku: str, quantity: int) -> Session:
    """*session* with *quantity* more of *sku*.

    Raises:  ValueError: as `put_line`.
    """
    return put_line(session, sku, quantity_of(session, sku) + quantity)


def quantity_of(session: Session, sku: str) -> int:
    """How many of *sku* are put aside."""
    return next((line.quantity for line in session.lines if line.sku == sku), 0)


def signed_out(session: Session) -> Session:
    """*session* of somebody who is a guest again; the cart waits for its owner, to whom alone orders shows it."""
    items = sum(each.quantity for each in session.lines)
    return replace(session, customer=None, items=items, is_cart_sought=False)
