"""local/drill_audit.py: what is wrong with orders, money and stock is found, in the services' own tables."""

import json
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, create_engine, insert, text
from sqlalchemy.exc import IntegrityError

from local.drill_audit import Audit, audit
from services.inventory.adapters import tables as inventory
from services.orders.adapters import tables as orders
from services.payments.adapters import tables as payments

TABLES = {"orders": orders.METADATA, "payments": payments.METADATA, "inventory": inventory.METADATA}
# What the databases themselves refuse, beside their checks, and the audit looks for all the same.
BACKSTOPS = {"orders": ("orders_cart",), "payments": ("ledger_entries_once",)}
NOTHING_WRONG: dict[str, Any] = {"lost": (), "oversold": 0, "double_charged": ()}


class Books:
    """The three databases of a shop, empty but for ten units; *guarded* by all that keeps mistakes out of them."""

    def __init__(self, folder: Path, *, guarded: bool = True) -> None:
        self.folder, self.guarded = folder, guarded
        for service, metadata in TABLES.items():
            self._make(service, metadata)
        self.add("inventory", inventory.STOCK, sku="A", on_hand=10, reserved=0, version=1, updated_at_ms=0)
        self.moves("receive", 10)

    def _make(self, service: str, metadata: MetaData) -> None:
        engine = create_engine(f"sqlite:///{self.folder / f'{service}.db'}")
        with engine.begin() as connection:
            metadata.create_all(connection)
            for index in () if self.guarded else BACKSTOPS.get(service, ()):
                connection.execute(text(f"DROP INDEX {index}"))
        engine.dispose()

    def add(self, service: str, table: Any, **values: Any) -> None:
        """One row."""
        engine = create_engine(f"sqlite:///{self.folder / f'{service}.db'}")
        with engine.begin() as connection:
            connection.execute(text(f"PRAGMA foreign_keys = {'ON' if self.guarded else 'OFF'}"))
            connection.execute(text(f"PRAGMA ignore_check_constraints = {'OFF' if self.guarded else 'ON'}"))
            connection.execute(insert(table).values(**values))
        engine.dispose()

    def order(
        self, key: str, state: str, *, total: int = 500, cart: str = "", units: Mapping[str, int] | None = None
    ) -> None:
        """An order in *state*, of so many *units* by SKU."""
        lines = [{"sku": sku, "quantity": count, "unit_price": 1, "name": sku} for sku, count in (units or {}).items()]
        times = dict.fromkeys(("created_at_ms", "updated_at_ms", "next_attempt_at_ms"), 0)
        who = {"owner": "u", "lines": json.dumps(lines), "currency": "EUR", "payment_method": "tok", "traffic": "user"}
        own = {"order_id": key, "cart_id": cart or f"cart-{key}", "total_minor_units": total, "state": state}
        self.add("orders", orders.ORDERS, **own, **who, **times, version=1)

    def told(self, body: str | None, *, status: int | None = 201, route: str = "POST /api/v1/orders") -> None:
        """What a buyer was answered."""
        key = f"key-{body}-{status}-{route}"
        table = orders.METADATA.tables["idempotency"]
        fixed = {"principal": "u", "key": key, "body_sha256": "0", "lease_until_ms": 0, "created_at_ms": 0}
        self.add("orders", table, **fixed, route=route, status=status, body=body)

    def paid(self, key: str, captured: int, *, refunded: int = 0, captures: int = 1) -> None:
        """What the gateway has of it."""
        amounts = {"amount_minor_units": captured, "authorised_minor_units": captured}
        moved = {"captured_minor_units": captured, "refunded_minor_units": refunded}
        state = {"state": "CAPTURED" if captured else "VOIDED", "currency": "EUR", "version": 1}
        times = {"created_at_ms": 0, "updated_at_ms": 0}
        self.add("payments", payments.PAYMENTS, reference=key, **amounts, **moved, **state, **times)
        for number in range(captures if captured else 0):
            entry = {"kind": "CAPTURE", "operation_id": str(number), "minor_units": captured}
            self.add("payments", payments.LEDGER, reference=key, **entry, currency="EUR", at_ms=0)

    def moves(self, kind: str, units: int, *, sku: str = "A", ref: str = "r") -> None:
        """Units that came or went."""
        row = {"ref": ref, "sku": sku, "kind": kind, "quantity": units, "reason": "test", "created_at_ms": 0}
        self.add("inventory", inventory.STOCK_MOVEMENT, **row)

    def shelf(self, sku: str, on_hand: int, reserved: int) -> None:
        """What the stock says of a product."""
        row = {"sku": sku, "on_hand": on_hand, "reserved": reserved, "version": 1, "updated_at_ms": 0}
        self.add("inventory", inventory.STOCK, **row)

    def sold(self, key: str, *, units: int = 10, sku: str = "A") -> None:
        """What an order's reservation leaves behind once it was paid."""
        self.moves("sell", -units, sku=sku, ref=key)

    def audit(self) -> Audit:
        """What is found."""
        return audit(self.folder)


@pytest.fixture
def books(tmp_path: Path) -> Books:
    """A shop without orders, and ten units on its shelf, with the services' own indices and checks."""
    return Books(tmp_path)


@pytest.fixture
def unguarded(tmp_path: Path) -> Books:
    """The same in databases that would take anything."""
    return Books(tmp_path, guarded=False)


def wrong(found: Audit) -> dict[str, Any]:
    """What is wrong, by kind."""
    return {"lost": found.lost, "oversold": found.oversold, "double_charged": found.double_charged}


def test_a_shop_without_orders_is_well(books: Books) -> None:
    """Nothing was lost, sold twice or charged twice."""
    assert books.audit() == Audit(orders=0, states={})


@pytest.mark.parametrize(
    ("state", "captured", "refunded"),
    [
        pytest.param("CONFIRMED", 500, 0, id="bought"),
        pytest.param("FULFILLED", 500, 0, id="sent"),
        pytest.param("REFUNDED", 500, 500, id="given back"),
        pytest.param("CANCELLED", 500, 500, id="cancelled after the charge, and given back"),
        pytest.param("CANCELLED", 0, 0, id="cancelled before it"),
        pytest.param("PAYING", 500, 0, id="charged, and not yet known"),
        pytest.param("PAYMENT_UNKNOWN", 500, 0, id="unknown"),
        pytest.param("REFUND_PENDING", 500, 0, id="to be given back"),
    ],
)
def test_an_order_with_its_money_is_well(books: Books, state: str, captured: int, refunded: int) -> None:
    """Of any state, with what belongs to it; what is still on its way may yet become well."""
    books.order("o", state)
    books.told('{"order_id": "o"}', status=202)
    books.paid("o", captured, refunded=refunded)
    assert wrong(books.audit()) == NOTHING_WRONG


@pytest.mark.parametrize("state", ["DECLINED", "CANCELLED", "EXPIRED", "PENDING", "RESERVED"])
def test_an_order_that_was_never_charged_is_well(books: Books, state: str) -> None:
    """Whatever came to nothing, or has not got there yet."""
    books.order("o", state)
    assert wrong(books.audit()) == NOTHING_WRONG


# --- lost -------------------------------------------------------------------------------------------------------------


def test_an_order_that_the_buyer_was_told_of_is_lost_where_it_is_not_there(books: Books) -> None:
    """201 as well as 202, once each however often it was answered."""
    books.told('{"order_id": "gone"}')
    books.told('{"order_id": "gone", "again": true}', status=202)
    assert books.audit().lost == ("gone: the buyer was told of it, and it is not there",)


@pytest.mark.parametrize("state", ["CONFIRMED", "FULFILLED", "REFUND_PENDING", "REFUNDED"])
def test_what_was_bought_may_be_undone_as_orders_are(books: Books, state: str) -> None:
    """Its buyer cancels it, or staff pay it back: the order says so."""
    books.order("o", state)
    books.told('{"order_id": "o"}')
    books.paid("o", 500, refunded=500 if state == "REFUNDED" else 0)
    assert wrong(books.audit()) == NOTHING_WRONG


@pytest.mark.parametrize(
    "state", ["PENDING", "RESERVED", "PAYING", "PAYMENT_UNKNOWN", "DECLINED", "CANCELLED", "EXPIRED"]
)
def test_an_order_that_the_buyer_was_told_is_bought_is_lost_where_it_is_not(books: Books, state: str) -> None:
    """201 is no longer true of it, and never becomes so by the shop's own rules; 202 promised less."""
    for key, status in (("bought", 201), ("accepted", 202)):
        books.order(key, state)
        books.told(f'{{"order_id": "{key}"}}', status=status)
    assert books.audit().lost == (f"bought: the buyer was told that it is bought, and it is {state}",)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status": None, "body": None}, id="none yet"),
        pytest.param({"status": 503, "body": '{"order_id": "gone"}'}, id="a refusal"),
        pytest.param({"status": 402, "body": '{"order_id": "gone"}'}, id="a decline"),
        pytest.param({"route": "POST /api/v1/carts", "body": '{"order_id": "gone"}'}, id="another question"),
        pytest.param({"body": None}, id="an answer that is not kept"),
        pytest.param({"body": '{"cart_id": "c"}'}, id="an answer that names none"),
    ],
)
def test_an_answer_that_promises_nothing_loses_nothing(books: Books, answer: dict[str, Any]) -> None:
    """Only a checkout that became an order does."""
    books.told(**answer)
    assert books.audit().lost == ()


@pytest.mark.parametrize("state", ["CONFIRMED", "FULFILLED"])
@pytest.mark.parametrize("captured", [None, 0, 499], ids=["no payment", "nothing", "too little"])
def test_an_order_that_is_paid_and_was_not_charged_is_lost(books: Books, state: str, captured: int | None) -> None:
    """The shop gives away what nobody paid."""
    books.order("o", state)
    if captured is not None:
        books.paid("o", captured)
    assert books.audit().lost == (f"o: {state}, and {captured or 0} of 500 was charged",)


@pytest.mark.parametrize("state", ["CONFIRMED", "FULFILLED"])
@pytest.mark.parametrize("refunded", [1, 500])
def test_an_order_that_stands_and_whose_money_was_given_back_is_lost(books: Books, state: str, refunded: int) -> None:
    """The shop pays back whole orders, and calls them so; its own reconciliation says the same."""
    books.order("o", state)
    books.paid("o", 500, refunded=refunded)
    assert books.audit().lost == (f"o: {state}, and {refunded} of 500 was given back",)


@pytest.mark.parametrize("state", ["DECLINED", "CANCELLED", "EXPIRED", "REFUNDED"])
def test_money_for_an_order_that_came_to_nothing_is_lost(books: Books, state: str) -> None:
    """As much of it as was not given back."""
    books.order("o", state)
    books.paid("o", 500, refunded=100)
    assert books.audit().lost == (f"o: {state}, and 400 was kept",)


def test_money_without_an_order_is_lost(books: Books) -> None:
    """Unless it was given back."""
    books.paid("o", 500)
    books.paid("back", 500, refunded=500)
    assert books.audit().lost == ("o: 500 was charged, and there is no order",)


# --- charged twice ----------------------------------------------------------------------------------------------------


def test_a_second_charge_is_found(unguarded: Books) -> None:
    """In the ledger, whatever the payment's sum says; an index of the gateway's refuses it."""
    unguarded.order("o", "CONFIRMED")
    unguarded.paid("o", 500, captures=2)
    assert unguarded.audit().double_charged == ("o: charged 2 times, 500 of 500",)


def test_a_charge_of_more_than_the_order_is_found(books: Books) -> None:
    """One charge, too high."""
    books.order("o", "CONFIRMED")
    books.paid("o", 1000)
    assert books.audit().double_charged == ("o: charged 1 times, 1000 of 500",)


def test_a_cart_that_was_bought_twice_is_found(unguarded: Books) -> None:
    """Two orders, each charged once; one that came to nothing does not count. An index of orders refuses it."""
    for key, state in (("a", "CONFIRMED"), ("b", "FULFILLED"), ("c", "CANCELLED")):
        unguarded.order(key, state, cart="cart")
    unguarded.paid("a", 500)
    unguarded.paid("b", 500)
    found = unguarded.audit()
    assert found.double_charged == ("cart cart: bought 2 times",)
    assert found.lost == ()


def test_a_cart_that_was_tried_again_is_well(books: Books) -> None:
    """After a decline."""
    books.order("a", "DECLINED", cart="cart")
    books.order("b", "CONFIRMED", cart="cart")
    books.paid("b", 500)
    assert wrong(books.audit()) == NOTHING_WRONG


# --- oversold ---------------------------------------------------------------------------------------------------------


def test_units_that_are_sold_and_stay_on_the_shelf_are_oversold(books: Books) -> None:
    """Ten units, three paid orders of ten, and one that took its own."""
    for key in ("a", "b", "c"):
        books.order(key, "CONFIRMED", units={"A": 10})
        books.paid(key, 500)
    books.sold("b")
    assert wrong(books.audit()) == {**NOTHING_WRONG, "oversold": 20}


@pytest.mark.parametrize(
    ("movements", "oversold"),
    [
        pytest.param([("o", "A", 3), ("o", "B", 2)], 0, id="all of it was taken"),
        pytest.param([("o", "A", 1), ("o", "B", 2)], 2, id="a part of a line"),
        pytest.param([("o", "A", 3)], 2, id="not one of its lines"),
        pytest.param([("o", "A", 5)], 2, id="more of one makes up for none of another"),
        pytest.param([("other", "A", 3), ("other", "B", 2)], 5, id="another order's"),
    ],
)
def test_each_line_of_a_paid_order_is_taken(books: Books, movements: list[tuple[str, str, int]], oversold: int) -> None:
    """Under its own id, of its own product."""
    books.shelf("B", on_hand=10, reserved=0)
    books.moves("receive", 10, sku="B")
    books.order("o", "FULFILLED", units={"A": 3, "B": 2})
    books.paid("o", 500)
    for key, sku, units in movements:
        books.sold(key, sku=sku, units=units)
    assert wrong(books.audit()) == {**NOTHING_WRONG, "oversold": oversold}


def test_units_that_came_back_on_the_shelf_of_a_paid_order_are_oversold(books: Books) -> None:
    """The next one may buy what somebody was promised."""
    books.order("o", "CONFIRMED", units={"A": 3})
    books.paid("o", 500)
    books.sold("o", units=3)
    books.moves("return", 3, ref="o")
    assert books.audit().oversold == 3


@pytest.mark.parametrize("kind", ["receive", "adjust", "count"])
def test_what_staff_move_takes_nothing_for_an_order(books: Books, kind: str) -> None:
    """Even under an order's id."""
    books.order("o", "CONFIRMED", units={"A": 3})
    books.paid("o", 500)
    books.moves(kind, -3, ref="o")
    assert books.audit().oversold == 3


@pytest.mark.parametrize(
    "state",
    ["PENDING", "RESERVED", "PAYING", "PAYMENT_UNKNOWN", "DECLINED", "CANCELLED", "EXPIRED", "REFUND_PENDING"],
)
def test_an_order_that_is_not_paid_need_not_have_taken_anything(books: Books, state: str) -> None:
    """It holds units at most."""
    books.order("o", state, units={"A": 3})
    assert books.audit().oversold == 0


def test_an_order_that_is_paid_while_the_books_are_read_is_judged_the_next_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its units may have left the shelf after the shelf was looked at."""
    from local import drill_audit

    looked = drill_audit._stock

    def then_paid(data: Path) -> Any:
        found = looked(data)
        books.order("o", "CONFIRMED", units={"A": 3})
        books.paid("o", 500)
        return found

    monkeypatch.setattr(drill_audit, "_stock", then_paid)
    assert wrong(books.audit()) == NOTHING_WRONG
    monkeypatch.setattr(drill_audit, "_stock", looked)
    assert books.audit().oversold == 3


def test_an_order_that_is_cancelled_while_the_books_are_read_is_judged_the_next_time(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its units may be back on the shelf before the shelf is looked at."""
    from local import drill_audit

    looked = drill_audit._stock
    books.order("o", "CONFIRMED", units={"A": 3})
    books.paid("o", 500)
    books.sold("o", units=3)

    def undone_before(data: Path) -> Any:
        with sqlite3.connect(data / "orders.db") as database:
            database.execute("UPDATE orders SET state = 'REFUND_PENDING'")
        books.moves("return", 3, ref="o")
        return looked(data)

    monkeypatch.setattr(drill_audit, "_stock", undone_before)
    assert wrong(books.audit()) == NOTHING_WRONG


def test_units_that_were_sold_and_never_came_are_oversold(books: Books) -> None:
    """By the movements, whatever the shelf says."""
    books.shelf("B", on_hand=0, reserved=0)
    books.moves("receive", 2, sku="B")
    books.moves("sell", -3, sku="B", ref="one")
    books.moves("sell", -4, sku="B", ref="two")
    assert books.audit().oversold == 5


def test_units_that_are_held_and_not_there_are_oversold(unguarded: Books) -> None:
    """Of each product; one that has more than it holds makes up for none. A check of inventory's refuses it."""
    unguarded.shelf("B", on_hand=1, reserved=4)
    unguarded.shelf("C", on_hand=5, reserved=0)
    assert unguarded.audit().oversold == 3


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda books: books.paid("o", 500, captures=2), id="a second charge"),
        pytest.param(lambda books: books.order("b", "CONFIRMED", cart="cart"), id="a cart bought twice"),
        pytest.param(lambda books: books.shelf("B", on_hand=1, reserved=4), id="more held than there is"),
    ],
)
def test_the_databases_refuse_what_is_looked_for_in_unguarded_ones(
    books: Books, write: Callable[[Books], None]
) -> None:
    """Should one of these pass, the audit is no longer the second line of defence but the first."""
    books.order("o", "CONFIRMED", cart="cart")
    with pytest.raises(IntegrityError):
        write(books)


def test_a_shelf_that_is_just_empty_is_well(books: Books) -> None:
    """Sold out, and everything held."""
    books.shelf("B", on_hand=3, reserved=3)
    books.moves("sell", -10)
    assert books.audit().oversold == 0


# --- what else it says ------------------------------------------------------------------------------------------------


def test_it_says_what_is_still_on_its_way(books: Books) -> None:
    """So that the drill can wait for it; and how many there are of each state."""
    for key, state in (("a", "PAYING"), ("b", "REFUND_PENDING"), ("c", "CONFIRMED"), ("d", "PAYING")):
        books.order(key, state)
    found = books.audit()
    assert found.orders == 4
    assert set(found.under_way) == {"a", "b", "d"}
    assert found.states == {"PAYING": 2, "REFUND_PENDING": 1, "CONFIRMED": 1}


def test_the_books_are_read_and_not_written(books: Books) -> None:
    """And what is missing is an error, not an empty database."""
    before = {file: file.read_bytes() for file in books.folder.glob("*.db")}
    books.audit()
    assert {file: file.read_bytes() for file in books.folder.glob("*.db")} == before
    (books.folder / "payments.db").unlink()
    with pytest.raises(sqlite3.OperationalError):
        books.audit()
    assert not (books.folder / "payments.db").exists()


def test_its_words_are_the_services_own() -> None:
    """States, kinds of entries and movements, and the route of a checkout: what is renamed there is renamed here."""
    from local import drill_audit
    from services.inventory.domain.reservation import EFFECTS
    from services.orders.api.answers import _BOUGHT
    from services.orders.api.orders import PREFIX
    from services.orders.domain.order import TRANSITIONS, State
    from services.payments.domain.ledger import Kind

    states = {state.value for state in State}
    assert states - {*drill_audit.PAID, *drill_audit.MONEY_MOVES} == {
        *("PENDING", "RESERVED"),
        *("DECLINED", "CANCELLED", "EXPIRED", "REFUNDED"),
    }
    assert {*drill_audit.PAID, *drill_audit.MONEY_MOVES} <= states
    assert set(drill_audit.BOUGHT) == _BOUGHT
    assert set().union(*(TRANSITIONS[State(state)] for state in drill_audit.BOUGHT)) <= _BOUGHT
    assert set(drill_audit.OF_ORDERS) == {effect.movement for effect in EFFECTS.values() if effect.movement}
    assert f"POST {PREFIX}" == drill_audit.CHECKOUT
    assert Kind.CAPTURE == "CAPTURE"
