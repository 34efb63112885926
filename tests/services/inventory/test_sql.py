"""Reservations and stock in SQL, on both databases: one caller at a time."""

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.inventory.domain import settle
from services.inventory.domain.errors import (
    OutOfStock,
    ReservationClosed,
    ReservationCommitted,
    ReservationConflict,
    ReservationNotCommitted,
    ReservationNotFound,
    Shortage,
    StockHeld,
    StockInconsistent,
    StockNotFound,
)
from services.inventory.domain.movements import record
from services.inventory.domain.order_events import ENDINGS, Outcome, apply
from services.inventory.domain.reservation import State
from services.inventory.domain.stock import Kind, Line, Movement
from tests.services.inventory.shelves import NOW, TTL_SECONDS, Shelves

LATER = NOW + TTL_SECONDS * 1000


def test_a_reservation_holds_its_units(shelves: Shelves) -> None:
    """They are still on hand, but nobody else's to have."""
    shelves.stock(A_1=10, B_1=5)
    held = shelves.reserve("r1", {"B-1": 2, "A-1": 3})
    assert (held.repeated, held.reservation.state, held.reservation.expires_at_ms) == (False, State.HELD, LATER)
    assert (shelves.levels("A-1"), shelves.levels("B-1")) == ((10, 3), (5, 2))
    assert shelves.of("A-1").available == 7
    assert shelves.get("r1") == held.reservation


def test_the_last_unit_can_be_held(shelves: Shelves) -> None:
    """All that there is, and then no more."""
    shelves.stock(A_1=3)
    shelves.reserve("r1", {"A-1": 3})
    with pytest.raises(OutOfStock):
        shelves.reserve("r2", {"A-1": 1})


def test_all_short_lines_are_named_and_nothing_is_held(shelves: Shelves) -> None:
    """Also an unknown SKU, of which there are none; what could have been held is not."""
    shelves.stock(A_1=10, B_1=2, C_1=0 + 1)
    with pytest.raises(OutOfStock) as raised:
        shelves.reserve("r1", {"A-1": 1, "C-1": 2, "B-1": 3, "NONE-1": 4})
    assert raised.value.shortages == (
        Shortage(sku="B-1", requested=3, available=2),
        Shortage(sku="C-1", requested=2, available=1),
        Shortage(sku="NONE-1", requested=4, available=0),
    )
    assert shelves.levels("A-1") == (10, 0)
    assert shelves.get("r1") is None


def test_a_refused_ref_may_be_tried_again(shelves: Shelves) -> None:
    """Out of stock leaves no trace: once there are units, the same ref holds them."""
    shelves.stock(A_1=1)
    with pytest.raises(OutOfStock):
        shelves.reserve("r1", {"A-1": 2})
    shelves.reserve("r1", {"A-1": 1})
    assert shelves.levels("A-1") == (1, 1)


def test_a_repeat_changes_nothing(shelves: Shelves) -> None:
    """The same ref and lines, split and ordered otherwise, hold once, and as long as they did."""
    shelves.stock(A_1=10, B_1=5)
    first = shelves.reserve("r1", {"A-1": 3, "B-1": 1})
    again = shelves.reserve("r1", {"B-1": 1, "A-1": 3}, ttl_seconds=9, now_ms=NOW + 5)
    assert again.repeated
    assert again.reservation == first.reservation
    assert shelves.levels("A-1") == (10, 3)


def test_a_repeat_after_the_sale_is_the_sold_reservation(shelves: Shelves) -> None:
    """A late retry of the reserve neither holds again nor fails."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    shelves.commit("r1")
    assert shelves.reserve("r1", {"A-1": 3}).reservation.state is State.COMMITTED
    assert shelves.levels("A-1") == (7, 0)


def test_a_ref_with_other_lines_is_a_conflict(shelves: Shelves) -> None:
    """The first reservation stays as it is."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    with pytest.raises(ReservationConflict):
        shelves.reserve("r1", {"A-1": 4})
    assert shelves.levels("A-1") == (10, 3)


def test_a_commit_sells_once(shelves: Shelves) -> None:
    """Units leave by one movement, however often it is asked for."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    assert [shelves.commit("r1").state for _ in range(3)] == [State.COMMITTED] * 3
    assert shelves.levels("A-1") == (7, 0)
    assert shelves.movements("A-1") == {("seed", "receive", 10): 1, ("r1", "sell", -3): 1}


def test_a_release_gives_back_once(shelves: Shelves) -> None:
    """The units are available again, and not twice."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    shelves.reserve("r2", {"A-1": 3})
    assert [shelves.release("r1").state for _ in range(3)] == [State.RELEASED] * 3
    assert shelves.levels("A-1") == (10, 3)


def test_a_release_before_the_reserve_keeps_it_out(shelves: Shelves) -> None:
    """The reserve that was overtaken is refused, and every repeat of either too."""
    shelves.stock(A_1=10)
    assert shelves.release("r1").state is State.RELEASED
    assert shelves.release("r1").state is State.RELEASED
    for _ in range(2):
        with pytest.raises(ReservationClosed):
            shelves.reserve("r1", {"A-1": 3})
    assert shelves.levels("A-1") == (10, 0)


def test_a_return_brings_the_units_back_once(shelves: Shelves) -> None:
    """They are on hand again by one movement."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    shelves.commit("r1")
    assert [shelves.take_back("r1").state for _ in range(3)] == [State.RETURNED] * 3
    assert shelves.levels("A-1") == (10, 0)
    assert shelves.movements("A-1")["r1", "return", 3] == 1


def _put(shelves: Shelves, state: State) -> None:
    """Bring r1 into *state*."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    if state is State.EXPIRED:
        assert shelves.expire(LATER) == 1
    if state is State.RELEASED:
        shelves.release("r1")
    if state in (State.COMMITTED, State.RETURNED):
        shelves.commit("r1")
    if state is State.RETURNED:
        shelves.take_back("r1")


@pytest.mark.parametrize(
    ("state", "verb", "error"),
    [
        (State.RELEASED, "commit", ReservationClosed),
        (State.EXPIRED, "commit", ReservationClosed),
        (State.RETURNED, "commit", ReservationClosed),
        (State.COMMITTED, "release", ReservationCommitted),
        (State.HELD, "take_back", ReservationNotCommitted),
        (State.RELEASED, "take_back", ReservationNotCommitted),
        (State.EXPIRED, "take_back", ReservationNotCommitted),
        (State.RELEASED, "reserve", ReservationClosed),
        (State.EXPIRED, "reserve", ReservationClosed),
        (State.RETURNED, "reserve", ReservationClosed),
        (State.COMMITTED, "extend", ReservationCommitted),
        (State.RELEASED, "extend", ReservationClosed),
        (State.EXPIRED, "extend", ReservationClosed),
        (State.RETURNED, "extend", ReservationClosed),
    ],
)
def test_what_a_state_forbids_changes_nothing(shelves: Shelves, state: State, verb: str, error: type) -> None:
    """The refusal leaves state and stock as they were."""
    _put(shelves, state)
    before = shelves.get("r1"), shelves.levels("A-1"), shelves.movements("A-1")
    arguments = {"reserve": ({"A-1": 3},), "extend": (60,)}.get(verb, ())
    with pytest.raises(error):
        getattr(shelves, verb)("r1", *arguments)
    assert (shelves.get("r1"), shelves.levels("A-1"), shelves.movements("A-1")) == before


@pytest.mark.parametrize("state", [State.RELEASED, State.EXPIRED, State.RETURNED])
def test_a_release_of_what_was_given_back_is_no_error(shelves: Shelves, state: State) -> None:
    """Nobody holds anything: that is what was asked for."""
    _put(shelves, state)
    assert shelves.release("r1").state is state
    assert shelves.levels("A-1") == (10, 0)


@pytest.mark.parametrize("verb", ["commit", "take_back", "extend"])
def test_an_unknown_ref_is_not_found(shelves: Shelves, verb: str) -> None:
    """Only a release has something to do for a ref that it does not know."""
    with pytest.raises(ReservationNotFound):
        getattr(shelves, verb)("r1", *((60,) if verb == "extend" else ()))
    assert shelves.get("r1") is None


def test_a_hold_ends_with_its_time(shelves: Shelves) -> None:
    """Not a millisecond before; what is sold never ends."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    shelves.reserve("r2", {"A-1": 2})
    shelves.commit("r2")
    assert shelves.expire(LATER - 1) == 0
    assert shelves.expire(LATER) == 1
    assert shelves.expire(LATER) == 0
    assert shelves.levels("A-1") == (8, 0)
    found = shelves.get("r1"), shelves.get("r2")
    assert [each and each.state for each in found] == [State.EXPIRED, State.COMMITTED]


def test_a_hold_past_its_time_is_sold_while_it_is_there(shelves: Shelves) -> None:
    """Until the job has given it back nobody else can have the units: the customer gets them."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    with shelves.unit_of_work.writing() as transaction:
        settle.commit(transaction, "r1", now_ms=LATER + 1)
    assert shelves.expire(LATER + 2) == 0
    assert shelves.levels("A-1") == (7, 0)


def test_an_extended_hold_lasts(shelves: Shelves) -> None:
    """From the time of asking; a shorter one does not cut what was promised."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3}, ttl_seconds=60)
    assert shelves.extend("r1", 120, NOW + 30_000).expires_at_ms == NOW + 150_000
    assert shelves.extend("r1", 1, NOW + 31_000).expires_at_ms == NOW + 150_000
    assert shelves.expire(NOW + 149_999) == 0
    assert shelves.expire(NOW + 150_000) == 1


def test_expiry_goes_through_all_that_is_due_within_its_bound(shelves: Shelves, monkeypatch) -> None:
    """Batch after batch, the oldest first; what is beyond the bound waits for the next run."""
    monkeypatch.setattr(settle, "EXPIRY_BATCH", 3)
    shelves.stock(A_1=100)
    for number in range(10):
        shelves.reserve(f"r{number}", {"A-1": 1}, ttl_seconds=10 + number // 4)
    assert shelves.expire(NOW + 3_600_000, most=7) == 7
    assert shelves.levels("A-1") == (100, 3)
    assert shelves.expire(NOW + 3_600_000) == 3


def test_one_hold_that_cannot_expire_holds_up_no_other(shelves: Shelves, monkeypatch) -> None:
    """Books that contradict one hold are reported, and the holds after it are given back all the same."""
    monkeypatch.setattr(settle, "EXPIRY_BATCH", 1)
    shelves.stock(A_1=10, B_1=10)
    shelves.reserve("r1", {"A-1": 3}, ttl_seconds=1)
    shelves.reserve("r2", {"B-1": 3}, ttl_seconds=2)
    with shelves.database.writing() as connection:
        connection.execute(text("UPDATE stock SET reserved = 0 WHERE sku = 'A-1'"))
    failures = []
    done = settle.expire_due(
        shelves.unit_of_work, now_ms=LATER, most=10, failed=lambda ref, error: failures.append((ref, type(error)))
    )
    assert (done, failures) == (1, [("r1", StockInconsistent)])
    assert shelves.levels("B-1") == (10, 0)


@pytest.mark.parametrize("kind", sorted(ENDINGS))
@pytest.mark.parametrize(
    ("state", "after", "levels"),
    [
        pytest.param(State.HELD, State.RELEASED, (10, 0), id="held"),
        pytest.param(State.COMMITTED, State.RETURNED, (10, 0), id="sold"),
        pytest.param(State.EXPIRED, State.EXPIRED, (10, 0), id="expired"),
        pytest.param(State.RETURNED, State.RETURNED, (10, 0), id="returned"),
    ],
)
def test_an_order_that_ended_gives_back_what_it_had(
    shelves: Shelves, kind: str, state: State, after: State, levels: tuple[int, int]
) -> None:
    """Held units are released, sold ones come back, and the second time nothing happens."""
    _put(shelves, state)
    outcomes = []
    for _ in range(2):
        with shelves.unit_of_work.writing() as transaction:
            outcomes.append(apply(transaction, event_id="e1", kind=kind, order_id="r1", now_ms=NOW).outcome)
    found = shelves.get("r1")
    assert outcomes == [Outcome.APPLIED, Outcome.DUPLICATE]
    assert found is not None
    assert (found.state, shelves.levels("A-1")) == (after, levels)


def test_the_end_of_an_order_that_never_reserved_keeps_the_late_reserve_out(shelves: Shelves) -> None:
    """The event was faster than the request."""
    shelves.stock(A_1=10)
    with shelves.unit_of_work.writing() as transaction:
        apply(transaction, event_id="e1", kind="OrderExpired", order_id="r1", now_ms=NOW)
    with pytest.raises(ReservationClosed):
        shelves.reserve("r1", {"A-1": 3})


def test_other_events_mean_nothing_here(shelves: Shelves) -> None:
    """Nothing is noted or changed: a later release may give them a meaning."""
    _put(shelves, State.HELD)
    for _ in range(2):
        with shelves.unit_of_work.writing() as transaction:
            applied = apply(transaction, event_id="e1", kind="OrderConfirmed", order_id="r1", now_ms=NOW)
        assert applied.outcome is Outcome.IGNORED
    assert shelves.levels("A-1") == (10, 3)


def _record(shelves: Shelves, kind: Kind, quantity: int, sku: str = "A-1", ref: str = "m1"):
    wanted = Movement(ref=ref, sku=sku, kind=kind, quantity=quantity, reason="because", actor="u-1")
    with shelves.unit_of_work.writing() as transaction:
        return record(transaction, wanted, now_ms=NOW)


@pytest.mark.parametrize(
    ("kind", "quantity", "on_hand", "movement"),
    [(Kind.RECEIVE, 5, 15, 5), (Kind.ADJUST, -4, 6, -4), (Kind.ADJUST, 2, 12, 2), (Kind.COUNT, 8, 8, -2)],
)
def test_staff_move_stock(shelves: Shelves, kind: Kind, quantity: int, on_hand: int, movement: int) -> None:
    """On hand and ledger move together; what is held stays held."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    written, stock = _record(shelves, kind, quantity)
    assert (written.quantity, stock.on_hand, stock.reserved) == (movement, on_hand, 3)
    assert shelves.of("A-1") == stock
    assert shelves.audit().findings == ()


def test_a_delivery_begins_the_stock_of_a_new_product(shelves: Shelves) -> None:
    """And nothing else does."""
    with pytest.raises(StockNotFound):
        _record(shelves, Kind.ADJUST, 5, sku="NEW-1")
    with pytest.raises(StockNotFound):
        _record(shelves, Kind.COUNT, 5, sku="NEW-1")
    _record(shelves, Kind.RECEIVE, 5, sku="NEW-1")
    assert shelves.levels("NEW-1") == (5, 0)
    assert shelves.audit().findings == ()


@pytest.mark.parametrize(("kind", "quantity"), [(Kind.ADJUST, -8), (Kind.COUNT, 2)])
def test_what_is_held_cannot_be_taken_away(shelves: Shelves, kind: Kind, quantity: int) -> None:
    """The correction is refused whole, and its movement with it."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    with pytest.raises(StockHeld):
        _record(shelves, kind, quantity)
    assert shelves.levels("A-1") == (10, 3)
    assert shelves.audit().findings == ()


def test_a_count_settles_what_reconciliation_found(shelves: Shelves) -> None:
    """Whichever of on hand and ledger was wrong, both say afterwards what was counted."""
    shelves.stock(A_1=10)
    with shelves.database.writing() as connection:
        connection.execute(text("UPDATE stock SET on_hand = 13"))
    assert shelves.audit().findings != ()
    written, stock = _record(shelves, Kind.COUNT, 10)
    assert (written.quantity, stock.on_hand) == (0, 10)
    assert shelves.audit().findings == ()


def test_every_change_is_another_version(shelves: Shelves) -> None:
    """Holding, selling, giving back and receiving each make the ETag another."""
    shelves.stock(A_1=10)
    versions = [shelves.of("A-1").version]
    shelves.reserve("r1", {"A-1": 1})
    versions.append(shelves.of("A-1").version)
    shelves.commit("r1")
    versions.append(shelves.of("A-1").version)
    shelves.take_back("r1")
    versions.append(shelves.of("A-1").version)
    _record(shelves, Kind.RECEIVE, 1)
    versions.append(shelves.of("A-1").version)
    assert versions == [1, 2, 3, 4, 5]


def test_reservations_are_listed_a_page_at_a_time(shelves: Shelves) -> None:
    """By ref, in one state or in all, with their lines."""
    shelves.stock(A_1=10, B_1=10)
    for ref in ("r3", "r1", "r2"):
        shelves.reserve(ref, {"B-1": 1, "A-1": 2})
    shelves.commit("r2")
    shelves.release("r0")
    with shelves.unit_of_work.reading() as transaction:
        everything = transaction.reservation_list.page(state=None, after=None, limit=10)
        held = transaction.reservation_list.page(state=State.HELD, after=None, limit=10)
        beyond = transaction.reservation_list.page(state=None, after="r0", limit=2)
    assert [each.ref for each in everything] == ["r0", "r1", "r2", "r3"]
    assert everything[1].lines == (Line(sku="A-1", quantity=2), Line(sku="B-1", quantity=1))
    assert everything[0].lines == ()
    assert [each.ref for each in held] == ["r1", "r3"]
    assert [each.ref for each in beyond] == ["r1", "r2"]


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("UPDATE stock SET reserved = -1", id="fewer than none reserved"),
        pytest.param("UPDATE stock SET reserved = 11", id="more reserved than on hand"),
        pytest.param("UPDATE stock SET on_hand = -1", id="fewer than none on hand"),
        pytest.param("UPDATE reservation SET state = 'LOST'", id="a state that there is not"),
        pytest.param("UPDATE reservation_line SET quantity = 0", id="a line of nothing"),
        pytest.param("UPDATE reservation_line SET sku = 'NONE-1'", id="a line of no product"),
        pytest.param("DELETE FROM stock", id="stock that lines and movements name"),
        pytest.param("DELETE FROM reservation", id="a reservation that has lines"),
        pytest.param(
            "INSERT INTO stock_movement (ref, sku, kind, quantity, reason, created_at_ms) "
            "VALUES ('seed', 'A-1', 'receive', 10, '', 0)",
            id="a movement twice",
        ),
    ],
)
def test_the_database_itself_refuses_what_must_never_be(shelves: Shelves, statement: str) -> None:
    """The constraints stand behind every update, whoever writes it."""
    shelves.stock(A_1=10)
    shelves.reserve("r1", {"A-1": 3})
    with pytest.raises(IntegrityError), shelves.database.writing() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("statement", ["UPDATE stock_movement SET quantity = 1", "DELETE FROM stock_movement"])
def test_the_ledger_is_append_only(shelves: Shelves, statement: str) -> None:
    """Nobody rewrites what happened."""
    shelves.stock(A_1=10)
    with pytest.raises(DBAPIError, match="append-only"), shelves.database.writing() as connection:
        connection.execute(text(statement))
    assert shelves.movements("A-1") == {("seed", "receive", 10): 1}


def test_of_two_reserves_with_one_ref_one_holds(shelves: Shelves) -> None:
    """At once, with the same lines: the second waits for the first, and is its repeat."""
    shelves.stock(A_1=100)
    found, start = [], threading.Barrier(8)

    def work() -> None:
        start.wait()
        for number in range(20):
            found.append(shelves.reserve(f"r{number}", {"A-1": 1}).repeated)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found.count(False), found.count(True)) == (20, 140)
    assert shelves.levels("A-1") == (100, 20)


def test_a_release_and_a_reserve_at_once_leave_nothing_held(shelves: Shelves) -> None:
    """Whichever is first: a released reservation, or a tombstone and a refusal; never a hold that nobody knows of."""
    shelves.stock(A_1=100)
    refused = []

    def hold() -> None:
        for number in range(40):
            try:
                shelves.reserve(f"r{number}", {"A-1": 1})
            except ReservationClosed:
                refused.append(number)

    def give_back() -> None:
        for number in range(40):
            shelves.release(f"r{number}")

    threads = [threading.Thread(target=work) for work in (hold, give_back, give_back)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shelves.levels("A-1") == (100, 0)
    assert {found.state for number in range(40) if (found := shelves.get(f"r{number}"))} == {State.RELEASED}
    assert shelves.audit().findings == ()
