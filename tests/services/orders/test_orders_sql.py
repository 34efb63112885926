"""services/orders/adapters/orders_sql.py, on both databases."""

import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from services.orders.adapters.orders_sql import SqlOrders
from services.orders.adapters.tables import HISTORY, METADATA
from services.orders.domain.order import Order, State, change, new_order_id
from services.orders.domain.order_errors import CartUsed, OrderNotFound, Stale
from services.shared.database import Database, open_database
from tests.services.orders.test_order import order


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with the tables of this code."""
    found = open_database(database_url, pool_size=16)
    with found.writing() as connection:
        METADATA.create_all(connection)
    yield found
    found.close()


@pytest.fixture
def moved() -> list[tuple[Order | None, Order]]:
    """The changes that were told."""
    return []


@pytest.fixture
def orders(database: Database, moved: list) -> SqlOrders:
    """Orders in it."""
    return SqlOrders(database, lambda before, after: moved.append((before, after)))


def add(orders: SqlOrders, **more) -> Order:
    """A new order of a cart of its own."""
    placed = replace(order(), cart_id=f"cart_{uuid.uuid4().hex}", **more)
    with orders.writing() as transaction:
        transaction.add(placed)
    return placed


def to(orders: SqlOrders, before: Order, state: State, event: str | None = None, **more) -> Order:
    """The order in another state, stored."""
    after = change(before, state, now_ms=5000, **more)
    with orders.writing() as transaction:
        transaction.move(before, after, event)
    return after


def move_and_fail(orders: SqlOrders, placed: Order) -> None:
    """A change whose transaction comes to nothing."""
    with orders.writing() as transaction:
        transaction.move(placed, change(placed, State.CANCELLED, now_ms=1), "OrderCancelled")
        raise ZeroDivisionError


def test_an_order_comes_back_as_it_was(orders: SqlOrders) -> None:
    """Every field, also after a change."""
    placed = add(orders, traffic="probe")
    assert orders.load(placed.order_id) == placed
    after = to(orders, placed, State.CANCELLED, reason="r", decline_code="d", restock=False, next_attempt_at_ms=9)
    assert orders.load(placed.order_id) == after


def test_each_change_leaves_a_line(orders: SqlOrders, database: Database) -> None:
    """The history is appended to, with its version."""
    placed = add(orders)
    to(orders, to(orders, placed, State.RESERVED), State.CANCELLED, reason="by_owner")
    with database.reading() as connection:
        rows = connection.execute(select(HISTORY).order_by(HISTORY.c.version)).all()
    assert [(row.version, row.state, row.reason) for row in rows] == [
        (1, "PENDING", None),
        (2, "RESERVED", None),
        (3, "CANCELLED", "by_owner"),
    ]


def test_what_is_not_committed_is_not_told(orders: SqlOrders, moved: list, database: Database) -> None:
    """Neither to the metrics, nor in the history, nor as an event."""
    placed = add(orders)
    with pytest.raises(ZeroDivisionError):
        move_and_fail(orders, placed)
    assert moved == [(None, placed)]
    with database.reading() as connection:
        assert connection.execute(select(METADATA.tables["outbox"])).all() == []
    to(orders, placed, State.CANCELLED, "OrderCancelled")
    assert len(moved) == 2
    with database.reading() as connection:
        (row,) = connection.execute(select(METADATA.tables["outbox"])).all()
    assert (row.type, row.subject) == ("OrderCancelled", placed.order_id)


def test_of_many_that_change_an_order_one_does(orders: SqlOrders) -> None:
    """16 threads want different ends of one version: one comes through, the others learn it."""
    placed = add(orders)
    outcomes: list[str] = []

    def attempt(state: State) -> None:
        try:
            to(orders, placed, state)
            outcomes.append(state.value)
        except Stale:
            outcomes.append("stale")

    states = [State.RESERVED, State.CANCELLED, State.EXPIRED, State.CANCELLED] * 4
    threads = [threading.Thread(target=attempt, args=(state,)) for state in states]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("stale") == 15
    assert len(outcomes) == 16
    assert orders.load(placed.order_id).state.value in outcomes


def test_a_cart_has_one_order_at_a_time(orders: SqlOrders) -> None:
    """16 threads order one cart: one order; after that came to nothing, another."""
    placed: list[Order] = []
    used: list[CartUsed] = []

    def attempt() -> None:
        wanted = replace(order(), order_id=new_order_id())
        try:
            with orders.writing() as transaction:
                transaction.add(wanted)
            placed.append(wanted)
        except CartUsed as error:
            used.append(error)

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(placed), len(used)) == (1, 15)
    to(orders, placed[0], State.CANCELLED)
    attempt()
    assert len(placed) == 2


@pytest.mark.parametrize("state", [State.RESERVED, State.CONFIRMED, State.REFUNDED])
def test_a_bought_cart_is_used_for_good(orders: SqlOrders, state: State) -> None:
    """Only failed orders give it free."""
    first = add(orders)
    path = [State.RESERVED, State.PAYING, State.CONFIRMED, State.REFUND_PENDING, State.REFUNDED]
    current = first
    for each in path[: path.index(state) + 1]:
        current = to(orders, current, each)
    with pytest.raises(CartUsed), orders.writing() as transaction:
        transaction.add(replace(order(), cart_id=first.cart_id))


def test_a_used_cart_ends_nothing_else(orders: SqlOrders) -> None:
    """The transaction goes on where its caller wants it to."""
    placed = add(orders)
    with orders.writing() as transaction:
        with pytest.raises(CartUsed):
            transaction.add(replace(order(), cart_id=placed.cart_id))
        transaction.move(placed, change(placed, State.RESERVED, now_ms=1), None)
    assert orders.load(placed.order_id).state is State.RESERVED


def test_an_unknown_order(orders: SqlOrders) -> None:
    """Within a transaction and without."""
    with pytest.raises(OrderNotFound):
        orders.load(new_order_id())
    with pytest.raises(OrderNotFound), orders.writing() as transaction:
        transaction.load(new_order_id())


def test_what_is_due_comes_by_its_time(orders: SqlOrders) -> None:
    """The longest waiting first, of the wanted states, at most so many."""
    times = {}
    for number, at in enumerate((300, 100, 200, 900)):
        reserved = to(orders, add(orders), State.RESERVED)
        times[to(orders, reserved, State.PAYING, next_attempt_at_ms=at).order_id] = at
        add(orders, created_at_ms=number)
    due = orders.due(frozenset({State.PAYING, State.PAYMENT_UNKNOWN}), now_ms=300, limit=2)
    assert [times[each.order_id] for each in due] == [100, 200]
    assert [each.created_at_ms for each in orders.unpaid_before(2, limit=9)] == [0, 1]


def test_a_postponed_order_keeps_its_version(orders: SqlOrders) -> None:
    """Unless it has changed meanwhile: then nothing is postponed."""
    placed = add(orders)
    with orders.writing() as transaction:
        transaction.postpone(placed, attempts=3, next_attempt_at_ms=77)
    found = orders.load(placed.order_id)
    assert (found.version, found.attempts, found.next_attempt_at_ms) == (1, 3, 77)
    after = to(orders, found, State.RESERVED, next_attempt_at_ms=5)
    with orders.writing() as transaction:
        transaction.postpone(placed, attempts=9, next_attempt_at_ms=99)
    assert orders.load(placed.order_id) == after


def test_pages_are_stable(orders: SqlOrders) -> None:
    """By time and id, each once, whoever else orders."""
    mine = [add(orders, created_at_ms=at, updated_at_ms=at) for at in (1, 2, 2, 2, 3)]
    add(orders, owner="u-2", created_at_ms=2)
    found: list[Order] = []
    before = None
    for _ in range(3):
        page = orders.page("u-1", before=before, limit=2)
        found += page
        before = (page[-1].created_at_ms, page[-1].order_id)
    assert found == sorted(mine, key=lambda each: (each.created_at_ms, each.order_id), reverse=True)


def test_ranges_of_ids(orders: SqlOrders) -> None:
    """Beyond the first, up to and with the second, in order."""
    ids = sorted(add(orders).order_id for _ in range(5))
    assert [each.order_id for each in orders.between(ids[0], ids[3], limit=9)] == ids[1:4]
    assert [each.order_id for each in orders.between("", None, limit=2)] == ids[:2]
