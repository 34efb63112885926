"""A payment: one reference, one authorisation, at most one capture, refunds up to what was captured."""

from dataclasses import dataclass
from enum import StrEnum

# An order's id. Nothing else is taken, so that nobody's card number ends up as one.
REFERENCE_PATTERN = r"ord_[0-9a-f]{32}"
CURRENCY_PATTERN = r"[A-Z]{3}"
# Twelve digits: shorter than any card number.
MAX_MINOR_UNITS = 999_999_999_999
# "No currency is involved" (ISO 4217).
NO_CURRENCY = "XXX"


class State(StrEnum):
    """Where a payment is. AUTHORISED is the only one that anything follows."""

    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    VOIDED = "VOIDED"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in whole minor units (cents) of a currency (ISO 4217)."""

    minor_units: int
    currency: str


# What a void that comes before any authorise is about.
NOTHING = Money(minor_units=0, currency=NO_CURRENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What has become of one reference; 0 ≤ refunded ≤ captured ≤ authorised, in minor units of its currency.

    amount:  what was asked for; NOTHING for a void that came before any authorise.
    method:  the token it was asked for with; None where that, too, is unknown.
    version: grows by one with each change.
    """

    reference: str
    state: State
    amount: Money
    method: str | None = None
    decline_code: str | None = None
    authorised_minor_units: int = 0
    captured_minor_units: int = 0
    refunded_minor_units: int = 0
    version: int = 1

    def money(self, minor_units: int) -> Money:
        """*minor_units* in this payment's currency."""
        return Money(minor_units=minor_units, currency=self.amount.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """Money that went back."""

    refund_id: str
    reference: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an operation came to. `changed` is False where it had been done before."""

    payment: Payment
    changed: bool
    refund: Refund | None = None
