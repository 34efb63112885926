"""Whatever is done to reservations, in whatever order and however often: the books agree with a plain model."""

import contextlib
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.inventory.domain.errors import InventoryError, OutOfStock
from services.inventory.domain.movements import record
from services.inventory.domain.order_events import apply
from services.inventory.domain.reservation import State
from services.inventory.domain.stock import Kind, Movement
from services.shared import migrate
from services.shared.database import open_database
from tests.services.inventory.shelves import NOW, Shelves

SKUS = ("A-1", "B-1", "C-1")
UNITS = 12
REFS = st.sampled_from(["r1", "r2", "r3", "r4", "r5"])
LINES = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 8), min_size=1)
TTLS = st.integers(1, 50)


class Inventory(RuleBasedStateMachine):
    """The real repositories on SQLite, beside a model: the state and lines of each ref, the units that came in."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        database = open_database(f"sqlite:///{Path(self._folder.name) / 'test.db'}", sqlite_synchronous="OFF")
        migrate.upgrade(database, "inventory")
        self._shelves = Shelves(database)
        self._now_ms = NOW
        self._states: dict[str, State] = {}
        self._lines: dict[str, dict[str, int]] = {}
        self._until: dict[str, int] = {}
        self._received = dict.fromkeys(SKUS, UNITS)
        self._seen: set[str] = set()
        self._events = 0

    @initialize()
    def receive(self) -> None:
        self._shelves.stock(A_1=UNITS, B_1=UNITS, C_1=UNITS)

    @rule(ref=REFS, units=LINES, ttl=TTLS)
    def reserve(self, ref: str, units: dict[str, int], ttl: int) -> None:
        state = self._states.get(ref)
        free = {sku: self._received[sku] - self._in(State.HELD, sku) - self._in(State.COMMITTED, sku) for sku in units}
        try:
            found = self._shelves.reserve(ref, units, ttl_seconds=ttl, now_ms=self._now_ms)
        except OutOfStock as error:
            short = {each.sku: each.available for each in error.shortages}
            assert short == {sku: free[sku] for sku in units if units[sku] > free[sku]} != {}
            assert state is None
        except InventoryError:
            assert state is not None
            assert state not in (State.HELD, State.COMMITTED) or self._lines[ref] != units
        else:
            assert found.repeated == (state is not None)
            if state is None:
                assert all(units[sku] <= free[sku] for sku in units)
                self._set(ref, State.HELD)
                self._lines[ref] = units
                self._until[ref] = self._now_ms + ttl * 1000

    @rule(ref=REFS)
    def commit(self, ref: str) -> None:
        self._try(ref, self._shelves.commit, {State.HELD: State.COMMITTED, State.COMMITTED: State.COMMITTED})

    @rule(ref=REFS)
    def release(self, ref: str) -> None:
        closed = {state: state for state in (State.RELEASED, State.EXPIRED, State.RETURNED)}
        self._try(ref, self._shelves.release, {None: State.RELEASED, State.HELD: State.RELEASED, **closed})

    @rule(ref=REFS)
    def take_back(self, ref: str) -> None:
        self._try(ref, self._shelves.take_back, {State.COMMITTED: State.RETURNED, State.RETURNED: State.RETURNED})

    @rule(ref=REFS, ttl=TTLS)
    def extend(self, ref: str, ttl: int) -> None:
        try:
            self._shelves.extend(ref, ttl, self._now_ms)
        except InventoryError:
            assert self._states.get(ref) is not State.HELD
        else:
            assert self._states[ref] is State.HELD
            self._until[ref] = max(self._until[ref], self._now_ms + ttl * 1000)

    @rule(seconds=st.integers(0, 60))
    def expire(self, seconds: int) -> None:
        self._now_ms += seconds * 1000
        due = [ref for ref, state in self._states.items() if state is State.HELD and self._until[ref] <= self._now_ms]
        assert self._shelves.expire(self._now_ms) == len(due)
        for ref in due:
            self._set(ref, State.EXPIRED)

    @rule(ref=REFS, event=st.integers(0, 5), kind=st.sampled_from(["OrderCancelled", "OrderReturned", "OrderPaid"]))
    def order_ended(self, ref: str, event: int, kind: str) -> None:
        with self._shelves.unit_of_work.writing() as transaction:
            applied = apply(transaction, event_id=f"e{event}", kind=kind, order_id=ref, now_ms=self._now_ms)
        outcome = applied.outcome
        if kind == "OrderPaid":
            assert outcome == "ignored"
            return
        assert outcome == ("duplicate" if f"e{event}" in self._seen else "applied")
        if outcome == "applied":
            self._seen.add(f"e{event}")
            ends = {None: State.RELEASED, State.HELD: State.RELEASED, State.COMMITTED: State.RETURNED}
            state = self._states.get(ref)
            self._set(ref, ends.get(state, state or State.RELEASED))

    @rule(sku=st.sampled_from(SKUS), kind=st.sampled_from([Kind.RECEIVE, Kind.ADJUST]), units=st.integers(-4, 4))
    def move(self, sku: str, kind: Kind, units: int) -> None:
        self._events += 1
        wanted = Movement(ref=f"m{self._events}", sku=sku, kind=kind, quantity=units)
        with contextlib.suppress(InventoryError):
            with self._shelves.unit_of_work.writing() as transaction:
                record(transaction, wanted, now_ms=self._now_ms)
            self._received[sku] += units

    @invariant()
    def the_books_agree(self) -> None:
        """Levels and states are the model's, and an audit finds nothing."""
        with self._shelves.unit_of_work.reading() as transaction:
            stock = transaction.stock.find(SKUS)
            found = transaction.reservation_list.page(state=None, after=None, limit=100)
            books = transaction.audit.books()
        assert {each.sku: (each.on_hand, each.reserved) for each in stock} == {
            each.sku: (
                self._received[each.sku] - self._in(State.COMMITTED, each.sku),
                self._in(State.HELD, each.sku),
            )
            for each in stock
        }
        assert {each.ref: each.state for each in found} == self._states
        assert {each.ref: {line.sku: line.quantity for line in each.lines} for each in found} == {
            ref: self._lines.get(ref, {}) for ref in self._states
        }
        assert books.entries == ()

    def teardown(self) -> None:
        self._shelves.database.close()
        self._folder.cleanup()

    def _in(self, state: State, sku: str) -> int:
        """Units of *sku* in reservations of that *state*."""
        units: Counter[str] = Counter()
        for ref, found in self._states.items():
            if found is state:
                units.update(self._lines.get(ref, {}))
        return units[sku]

    def _set(self, ref: str, state: State) -> None:
        self._states[ref] = state

    def _try(self, ref: str, verb, allowed: dict[State | None, State]) -> None:
        """Call *verb*: it succeeds exactly in the states that are *allowed*, and leads where they say."""
        state = self._states.get(ref)
        try:
            found = verb(ref)
        except InventoryError:
            assert state not in allowed
        else:
            assert found.state is allowed[state]
            self._set(ref, found.state)


TestInventory = Inventory.TestCase
TestInventory.__doc__ = "Any sequence of calls keeps the invariants."
TestInventory.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
