"""Many callers at once, on both databases: nothing is oversold, nobody is told of a lock."""

import contextlib
import random
import threading
from collections import Counter
from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.inventory.adapters import sql_stock
from services.inventory.domain.errors import (
    OutOfStock,
    ReservationClosed,
    ReservationCommitted,
    ReservationNotCommitted,
)
from services.inventory.domain.reconcile import repair
from services.inventory.domain.reservation import State
from tests.services.inventory.shelves import NOW, Shelves

THREADS = 40
SKUS = [f"P-{number}" for number in range(6)]


def at_once(work: Callable[[int], None], threads: int = THREADS) -> list[Exception]:
    """Run *work* in many threads that begin together; what they raised."""
    errors: list[Exception] = []
    start = threading.Barrier(threads)

    def run(number: int) -> None:
        start.wait()
        try:
            work(number)
        except Exception as error:
            errors.append(error)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return errors


def buy_all(shelves: Shelves) -> tuple[Counter[str], list[Exception]]:
    """40 threads × 10 buys of one unit of A-1; how they ended, and what else was raised."""
    outcomes: Counter[str] = Counter()

    def buy(thread: int) -> None:
        for number in range(10):
            ref = f"r-{thread}-{number}"
            try:
                shelves.reserve(ref, {"A-1": 1})
            except OutOfStock:
                outcomes["short"] += 1
            else:
                shelves.commit(ref)
                outcomes["sold"] += 1

    return outcomes, at_once(buy)


def test_exactly_what_there_is_is_sold(shelves: Shelves) -> None:
    """100 units, 400 buyers: 100 get one, 300 are told that there are no more, and nobody anything else."""
    shelves.stock(A_1=100)
    assert buy_all(shelves) == ({"sold": 100, "short": 300}, [])
    assert shelves.levels("A-1") == (0, 0)
    assert sum(-quantity for _, kind, quantity in shelves.movements("A-1").elements() if kind == "sell") == 100
    assert shelves.audit().findings == ()


def test_the_checks_stand_behind_the_update(shelves: Shelves, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an update that forgot its condition, the database refuses what is too much: errors, but nothing oversold."""
    shelves.stock(A_1=100)
    forgetful = text("UPDATE stock SET reserved = reserved + :units, updated_at_ms = :now_ms WHERE sku = :wanted_sku")
    monkeypatch.setattr(sql_stock, "_HOLD", forgetful)
    outcomes, errors = buy_all(shelves)
    assert outcomes["sold"] <= 100
    assert {type(error) for error in errors} == {IntegrityError}
    assert shelves.audit().findings == ()


def test_orders_of_three_lines_never_deadlock(shelves: Shelves) -> None:
    """Six products in random order, 800 orders, three in four sold and some of these returned: the sums are right."""
    for sku in SKUS:
        shelves.stock(**{sku.replace("-", "_"): 300})
    sold: Counter[str] = Counter()
    held: Counter[str] = Counter()
    lock = threading.Lock()

    def buy(thread: int) -> None:
        chance = random.Random(thread)
        for number in range(20):
            ref = f"r-{thread}-{number}"
            units = {sku: chance.randint(1, 3) for sku in chance.sample(SKUS, 3)}
            try:
                shelves.reserve(ref, units)
            except OutOfStock:
                continue
            ending = chance.choice(["sell", "sell", "return", "release", "hold"])
            if ending in ("sell", "return"):
                shelves.commit(ref)
            if ending == "return":
                shelves.take_back(ref)
            if ending == "release":
                shelves.release(ref)
            with lock:
                (sold if ending == "sell" else held if ending == "hold" else Counter()).update(units)

    assert at_once(buy) == []
    assert {sku: shelves.levels(sku) for sku in SKUS} == {sku: (300 - sold[sku], held[sku]) for sku in SKUS}
    assert sold.total() > 1000
    assert shelves.audit().findings == ()


def test_whoever_settles_a_hold_first_has_settled_it(shelves: Shelves) -> None:
    """Commit, release, expiry and return of the same holds at once: each hold has one end, and the sums agree."""
    shelves.stock(A_1=100, B_1=100)
    refs = [f"r{number:02}" for number in range(30)]
    for ref in refs:
        shelves.reserve(ref, {"B-1": 1, "A-1": 2}, ttl_seconds=1)
    verbs: list[Callable[[str], object]] = [
        shelves.commit,
        shelves.release,
        shelves.take_back,
        lambda ref: shelves.expire(NOW + 1000, most=1),
    ]

    def settle(thread: int) -> None:
        for ref in random.Random(thread).sample(refs, len(refs)):
            # Somebody may have been first.
            with contextlib.suppress(ReservationClosed, ReservationCommitted, ReservationNotCommitted):
                verbs[thread % len(verbs)](ref)

    assert at_once(settle, threads=12) == []
    states = Counter(found.state for ref in refs if (found := shelves.get(ref)))
    committed = states[State.COMMITTED]
    assert states[State.HELD] == 0
    assert (shelves.levels("A-1"), shelves.levels("B-1")) == ((100 - 2 * committed, 0), (100 - committed, 0))
    assert shelves.audit().findings == ()


def test_an_audit_under_traffic_sees_one_moment(shelves: Shelves) -> None:
    """While orders come and go without end, not one audit finds a discrepancy, nor does it hold anybody up."""
    shelves.stock(A_1=50, B_1=50)
    stop = threading.Event()
    reports = []

    def work(thread: int) -> None:
        if thread == 0:
            try:
                reports.extend(shelves.audit() for _ in range(25))
            finally:
                stop.set()
            return
        number = 0
        while not stop.is_set():
            number += 1
            ref = f"r-{thread}-{number}"
            try:
                shelves.reserve(ref, {"A-1": 1, "B-1": 1})
                shelves.commit(ref)
                shelves.take_back(ref)
            except OutOfStock:
                pass

    assert at_once(work, threads=9) == []
    assert [report.findings for report in reports] == [()] * 25


def test_a_repair_under_traffic_ends_with_the_right_sum(shelves: Shelves) -> None:
    """Holds begin and end while what is reserved is set right: it is what is held, not what was held then."""
    shelves.stock(A_1=1000)
    with shelves.database.writing() as connection:
        connection.execute(text("UPDATE stock SET reserved = 500"))
    report = shelves.audit()

    def work(thread: int) -> None:
        for number in range(20):
            ref = f"r-{thread}-{number}"
            shelves.reserve(ref, {"A-1": 1})
            if number % 2:
                shelves.release(ref)
            if thread == 0:
                repair(shelves.unit_of_work, report, now_ms=NOW)

    assert at_once(work, threads=8) == []
    assert shelves.levels("A-1") == (1000, 80)
    assert shelves.audit().findings == ()
