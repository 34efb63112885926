"""What is left of orders, money and stock after a drill: counted in the databases, beside what the shop says itself.

Read only, of SQLite files while the shop runs. A sale, a charge or a unit is judged by what the three services wrote
down each for itself; none of their code is used.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PAID = ("CONFIRMED", "FULFILLED")
MONEY_MOVES = ("PAYING", "PAYMENT_UNKNOWN", "REFUND_PENDING")
BOUGHT = (*PAID, "REFUND_PENDING", "REFUNDED")
"""All that an order can become once its checkout was answered 201: a buyer may undo it afterwards, the shop may not."""
CREATED, ACCEPTED = 201, 202
"""Statuses of a checkout that the buyer was told has become an order: bought, or under way."""
OF_ORDERS = ("sell", "return")
"""Movements of stock that an order brings about, under its id: units leave the shelf before the money is taken."""
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
    units: Mapping[str, int]  # by SKU


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    captured: int
    refunded: int
    captures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stock:
    """beyond: units held or gone that never were there. taken: units that left the shelf, by order and SKU."""

    beyond: int
    taken: Mapping[tuple[str, str], int]


def audit(data: Path) -> Audit:
    """What stands in the databases in *data*.

    lost:  a buyer was told of an order that is not there, or that it is bought, and it came to nothing; one is paid and
           was not charged, or the charge was given back; money was taken for one that came to nothing.
    double_charged: more than one charge, or more than its total; or a cart that was bought twice.
    oversold: units of paid orders that were never taken from the shelf, and so can be sold again; of each SKU those
           below 0, and those held beyond what is there.
    A second charge, a cart bought twice and units held beyond what is there are refused by the databases' own indices
    and checks: they are looked for in case one of these is missing.
    Raises:  sqlite3.Error: a database is not there, or cannot be read.
    """
    before, told = _orders(data)
    money, stock = _money(data), _stock(data)
    # The shop goes on between the reads: judged is what was the same before and after money and stock were looked at.
    orders, _ = _orders(data)
    still = {key: order for key, order in orders.items() if before.get(key) == order}
    return Audit(
        orders=len(orders),
        lost=(*_missing(orders, told, money), *_wrongly_paid(still, money)),
        oversold=stock.beyond + _never_taken(still, stock.taken),
        double_charged=tuple(_double(still, money)),
        under_way=tuple(key for key, order in orders.items() if order.state in MONEY_MOVES),
        states=Counter(order.state for order in orders.values()),
    )


def _missing(
    orders: Mapping[str, _Order], told: Mapping[str, frozenset[int]], money: Mapping[str, _Money]
) -> Iterator[str]:
    for key in sorted(told):
        if key not in orders:
            yield f"{key}: the buyer was told of it, and it is not there"
        elif CREATED in told[key] and orders[key].state not in BOUGHT:
            yield f"{key}: the buyer was told that it is bought, and it is {orders[key].state}"
    for key in sorted(money.keys() - orders.keys()):
        if money[key].captured > money[key].refunded:
            yield f"{key}: {money[key].captured} was charged, and there is no order"


def _wrongly_paid(orders: Mapping[str, _Order], money: Mapping[str, _Money]) -> Iterator[str]:
    for key, order in orders.items():
        taken = money.get(key, _Money(captured=0, refunded=0, captures=0))
        if order.state in PAID and taken.captured < order.total:
            yield f"{key}: {order.state}, and {taken.captured} of {order.total} was charged"
        elif order.state in PAID and taken.refunded:  # whole orders are paid back, and then they are REFUNDED
            yield f"{key}: {order.state}, and {taken.refunded} of {taken.captured} was given back"
        elif order.state not in (*PAID, *MONEY_MOVES) and taken.captured > taken.refunded:
            yield f"{key}: {order.state}, and {taken.captured - taken.refunded} was kept"


def _double(orders: Mapping[str, _Order], money: Mapping[str, _Money]) -> Iterator[str]:
    for key, order in orders.items():
        taken = money.get(key)
        if taken and (taken.captures > 1 or taken.captured > order.total):
            yield f"{key}: charged {taken.captures} times, {taken.captured} of {order.total}"
    carts = Counter(order.cart for order in orders.values() if order.state in PAID)
    yield from (f"cart {cart}: bought {count} times" for cart, count in carts.items() if count > 1)


def _never_taken(orders: Mapping[str, _Order], taken: Mapping[tuple[str, str], int]) -> int:
    """Units that were sold, and are on the shelf still."""
    return sum(
        max(0, units - taken.get((key, sku), 0))
        for key, order in orders.items()
        if order.state in PAID
        for sku, units in order.units.items()
    )


def _orders(data: Path) -> tuple[dict[str, _Order], dict[str, frozenset[int]]]:
    """The orders; and by the id of each that a buyer was told of, the statuses of these answers."""
    with _opened(data / "orders.db") as database:
        rows = database.execute("SELECT order_id, state, total_minor_units, cart_id, lines FROM orders").fetchall()
        answers = database.execute(
            "SELECT body, status FROM idempotency WHERE route = ? AND status IN (?, ?)", (CHECKOUT, CREATED, ACCEPTED)
        ).fetchall()
    told: defaultdict[str, set[int]] = defaultdict(set)
    for body, status in answers:
        if key := json.loads(body or "{}").get("order_id"):
            told[key].add(status)
    return (
        {
            key: _Order(state=state, total=total, cart=cart, units=_units(lines))
            for key, state, total, cart, lines in rows
        },
        {key: frozenset(statuses) for key, statuses in told.items()},
    )


def _units(lines: str) -> Counter[str]:
    units: Counter[str] = Counter()
    for line in json.loads(lines):
        units[line["sku"]] += line["quantity"]
    return units


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


def _stock(data: Path) -> _Stock:
    with _opened(data / "inventory.db") as database:
        (held,) = database.execute("SELECT COALESCE(SUM(MAX(reserved - on_hand, 0)), 0) FROM stock").fetchone()
        (below,) = database.execute(
            "SELECT COALESCE(SUM(-units), 0) FROM"
            " (SELECT SUM(quantity) AS units FROM stock_movement GROUP BY sku) WHERE units < 0"
        ).fetchone()
        rows = database.execute(
            "SELECT ref, sku, -SUM(quantity) FROM stock_movement WHERE kind IN (?, ?) GROUP BY ref, sku", OF_ORDERS
        ).fetchall()
    return _Stock(beyond=held + below, taken={(ref, sku): units for ref, sku, units in rows})


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=5)
    try:
        database.execute("BEGIN")  # all of it as of one moment
        yield database
    finally:
        database.close()
