"""What the gateway needs from storage: within one transaction, so that what is true is true at once."""

from typing import Protocol

from services.payments.domain.events import PaymentEvent
from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.payment import Payment, State


class Payments(Protocol):
    """Where payments are kept."""

    def add(self, payment: Payment, *, at_ms: int) -> bool:
        """Keep a new one; False, and nothing is done, if its reference is there."""
        ...

    def find(self, reference: str) -> Payment:
        """The payment *reference*.

        Raises:  PaymentNotFound
        """
        ...

    def page(self, *, state: State | None, after: str | None, limit: int) -> tuple[Payment, ...]:
        """At most *limit* payments by ascending reference, beyond the reference *after*, in one *state* or in any."""
        ...


class Transitions(Protocol):
    """Compare and set: each is one statement with its condition in it, and gives None where that does not hold."""

    def capture(self, reference: str, *, at_ms: int) -> Payment | None:
        """AUTHORISED → CAPTURED, of the whole amount."""
        ...

    def void(self, reference: str, *, at_ms: int) -> Payment | None:
        """AUTHORISED → VOIDED."""
        ...

    def refund(self, reference: str, minor_units: int, *, at_ms: int) -> Payment | None:
        """Give back *minor_units*, if so much is captured and not refunded."""
        ...


class Ledger(Protocol):
    """Where entries are kept for good."""

    def append(self, entry: Entry) -> bool:
        """Keep *entry*; False, and nothing is done, if it is there, or what may be there once."""
        ...

    def find(self, reference: str, kind: Kind, operation_id: str) -> Entry | None:
        """The entry of one operation, if there is one."""
        ...

    def page(self, reference: str, *, after: int, limit: int) -> tuple[Entry, ...]:
        """At most *limit* entries of *reference* in their order, beyond the entry with the id *after*."""
        ...


class Events(Protocol):
    """Where events wait to be sent."""

    def append(self, event: PaymentEvent) -> None:
        """Send *event* once this transaction has happened."""
        ...


class Transaction(Protocol):
    """All of it, in one transaction."""

    @property
    def payments(self) -> Payments: ...

    @property
    def transitions(self) -> Transitions: ...

    @property
    def ledger(self) -> Ledger: ...

    @property
    def events(self) -> Events: ...
