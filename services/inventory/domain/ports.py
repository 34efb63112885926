"""What the inventory needs from storage: repositories that share one transaction, and units of work that begin it.

The order of locks keeps deadlocks impossible: a transaction locks at most one reservation, and then stock by ascending
SKU; nobody waits for a reservation while holding stock.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from services.inventory.domain.discrepancy import Books, Finding
from services.inventory.domain.errors import InventoryError, Shortage
from services.inventory.domain.reservation import Done, Effect, Reservation, State
from services.inventory.domain.stock import Line, Movement, Stock


class Reservations(Protocol):
    """Where reservations are kept, for whoever changes one."""

    def add(self, reservation: Reservation, *, now_ms: int) -> bool:
        """Claim the ref, without its lines yet; False when it is taken. Waits for whoever is claiming it now."""
        ...

    def add_lines(self, reservation: Reservation) -> None:
        """Write the lines of a reservation that `add` has claimed."""
        ...

    def lock(self, ref: str) -> Reservation | None:
        """The reservation *ref*, which nobody else changes before this transaction ends."""
        ...

    def change(self, ref: str, *, expected: State, to: State, now_ms: int) -> bool:
        """Set the state, if it is the *expected* one; whether it was."""
        ...

    def extend(self, ref: str, *, expires_at_ms: int, now_ms: int) -> bool:
        """Let a HELD reservation last until then; whether it was HELD."""
        ...


class ReservationList(Protocol):
    """Reservations for whoever only looks."""

    def get(self, ref: str) -> Reservation | None:
        """The reservation *ref*."""
        ...

    def page(self, *, state: State | None, after: str | None, limit: int) -> tuple[Reservation, ...]:
        """At most *limit* by ascending ref, beyond *after*, in one *state* or in any."""
        ...

    def due(self, *, now_ms: int, after: tuple[int, str], limit: int) -> tuple[tuple[int, str], ...]:
        """(expiry, ref) of what is HELD past its time: the oldest beyond *after*, at most *limit*."""
        ...


class StockLevels(Protocol):
    """The stock that reservations hold and take."""

    def find(self, skus: Iterable[str]) -> tuple[Stock, ...]:
        """The stock of those of *skus* that there is, by ascending SKU."""
        ...

    def hold(self, lines: tuple[Line, ...], *, now_ms: int) -> tuple[Shortage, ...]:
        """Reserve each of *lines*; what comes back could not be, and the transaction must then be given up."""
        ...

    def settle(self, ref: str, lines: tuple[Line, ...], effect: Effect, *, now_ms: int) -> None:
        """Do *effect* to the stock of *lines*, and write its movements.

        Raises:  StockInconsistent: less is on hand or reserved than the reservation says.
        """
        ...


class Shelf(Protocol):
    """The stock of one SKU and its ledger, for staff and for the seed."""

    def lock(self, sku: str, *, create: bool, now_ms: int) -> Stock | None:
        """The stock of *sku*, which nobody else changes before this transaction ends.

        Args:    create: begin with no units where there was none.
        """
        ...

    def ledger(self, sku: str) -> int:
        """The sum of its movements; exact once it is locked."""
        ...

    def write(self, movement: Movement, *, on_hand: int, now_ms: int) -> Stock:
        """Set the units on hand and append *movement*; its stock now."""
        ...


class Inbox(Protocol):
    """The events that were handled."""

    def first_time(self, event_id: str, *, now_ms: int) -> bool:
        """Whether this event was never seen before; noted."""
        ...


class Audit(Protocol):
    """The books of all SKUs, and what was found in them."""

    def books(self) -> Books:
        """The entries that do not agree, all of one moment; a second audit waits until this one is recorded."""
        ...

    def repair(self, sku: str, *, now_ms: int) -> bool:
        """Set what is reserved to what is held; False where more is held than is on hand."""
        ...

    def standing(self) -> tuple[Finding, ...]:
        """What the audit before found."""
        ...

    def record(self, findings: tuple[Finding, ...], *, newly_oversold: int, now_ms: int) -> None:
        """Let *findings* stand from now on, and say so in the figures."""
        ...


class Transaction(Protocol):
    """One transaction's repositories."""

    @property
    def reservations(self) -> Reservations: ...
    @property
    def reservation_list(self) -> ReservationList: ...
    @property
    def stock(self) -> StockLevels: ...
    @property
    def shelf(self) -> Shelf: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def audit(self) -> Audit: ...


class Outcomes(Protocol):
    """Counts what comes of requests, once it is certain."""

    def done(self, done: Done) -> None:
        """A reservation is as was asked for, and committed."""
        ...

    def extended(self) -> None:
        """A hold lasts longer."""
        ...

    def refused(self, error: InventoryError) -> None:
        """Nothing was changed."""
        ...


class UnitOfWork(Protocol):
    """Begins transactions: committed at their end, rolled back on any error."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """One that may change data."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """One that only reads."""
        ...
