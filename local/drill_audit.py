"""What is left of orders, money and stock after a drill: counted in the databases, beside what the shop says itself.

Read only, of SQLite files while the shop runs. A sale, a charge or a unit is judged by what the three services wrote
down each for itself; none of their code is used.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAID = ("CONFIRMED", "FULFILLED")
MONEY_MOVES = ("PAYING", "PAYMENT_UNKNOWN", "REFUND_PENDING")
ANSWERED = (201, 202)
"""Statuses of a checkout that the buyer was told has become an order."""
CHECKOUT = "POST /api/v1/orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Orders and units that are wrong, each with what is wrong; *orders*: how many were looked at.

    under_way: orders whose money is on its way, and cannot be judged yet.
    """

    orders: int
    lost: tuple[str, ...] = ()
    oversold: int = 0
    double_charged: tuple[str, ...] = ()
    under_way: tuple[str, ...] = ()
    states: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    state: str
    total: int
    cart: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    captured: int
    refunded: int
    captures: int


def audit(data: Path) -> Audit:
    """What stands in the databases in *data*.

    lost:  a buyer was told of an order that is not there; one is paid and has no charge; money was taken for one that
           came to nothing.
    double_charged: more than one charge, or more than its total; or a cart that was bought twice.
    oversold: units that were sold and never were: of each SKU below 0, held beyond what is there.
    Raises:  sqlite3.Error: a database is not there, or cannot be read.
    """
    before, told = _orders(data)
    money = _money(data)
    # The shop goes on between the reads: judged is what was the same before and after the money was looked at.
    orders, _ = _orders(data)
    still = {key: order for key, order in orders.items() if before.get(key) == order}
    return Audit(
        orders=len(orders),
        lost=(*_missing(orders, told, money), *_wrongly_paid(still, money)),
        oversold=_oversold(data),
        double_charged=tuple(_double(still, money)),
        under_way=tuple(key for key, order in orders.items() if order.state in MONEY_MOVES),
        states=Counter(order.state for order in orders.values()),
    )


def _missing(orders: Mapping[str, _Order], told: frozenset[str], money: Mapping[str, _Money]) -> Iterator[str]:
    yield from (f"{key}: the buyer was told of it, and it is not there" for key in sorted(told - orders.keys()))
    for key in sorted(money.keys() - orders.keys()):
        if money[key].captured > money[key].refunded:
            yield f"{key}: {money[key].captured} was charged, and there is no order"


def _wrongly_paid(orders: Mapping[str, _Order], money: Mapping[str, _Money]) -> Iterator[str]:
    for key, order in orders.items():
        taken = money.get(key, _Money(captured=0, refunded=0, captures=0))
        if order.state in PAID and taken.captured < order.total:
            yield f"{key}: {order.state}, and {taken.captured} of {order.total} was charged"
        elif order.state not in (*PAID, *MONEY_MOVES) and taken.captured > taken.refunded:
            yield f"{key}: {order.state}, and {taken.captured - taken.refunded} was kept"


def _double(orders: Mapping[str, _Order], money: Mapping[str, _Money]) -> Iterator[str]:
    for key, order in orders.items():
        taken = money.get(key)
        if taken and (taken.captures > 1 or taken.captured > order.total):
            yield f"{key}: charged {taken.captures} times, {taken.captured} of {order.total}"
    carts = Counter(order.cart for order in orders.values() if order.state in PAID)
    yield from (f"cart {cart}: bought {count} times" for cart, count in carts.items() if count > 1)


def _orders(data: Path) -> tuple[dict[str, _Order], frozenset[str]]:
    with _opened(data / "orders.db") as database:
        rows = database.execute("SELECT order_id, state, total_minor_units, cart_id FROM orders").fetchall()
        answers = database.execute(
            "SELECT body FROM idempotency WHERE route = ? AND status IN (?, ?)", (CHECKOUT, *ANSWERED)
        ).fetchall()
    told = {json.loads(body).get("order_id") for (body,) in answers if body}
    return (
        {key: _Order(state=state, total=total, cart=cart) for key, state, total, cart in rows},
        frozenset(filter(None, told)),
    )


def _money(data: Path) -> dict[str, _Money]:
    with _opened(data / "payments.db") as database:
        captures = Counter(
            reference
            for (reference,) in database.execute("SELECT reference FROM ledger_entries WHERE kind = 'CAPTURE'")
        )
        rows = database.execute("SELECT reference, captured_minor_units, refunded_minor_units FROM payments").fetchall()
    return {
        key: _Money(captured=captured, refunded=refunded, captures=captures[key]) for key, captured, refunded in rows
    }


def _oversold(data: Path) -> int:
    with _opened(data / "inventory.db") as database:
        (held,) = database.execute("SELECT COALESCE(SUM(MAX(reserved - on_hand, 0)), 0) FROM stock").fetchone()
        (below,) = database.execute(
            "SELECT COALESCE(SUM(-units), 0) FROM"
            " (SELECT SUM(quantity) AS units FROM stock_movement GROUP BY sku) WHERE units < 0"
        ).fetchone()
    return int(held + below)


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        database.execute("BEGIN")  # all of it as of one moment
        yield database
    finally:
        database.close()
