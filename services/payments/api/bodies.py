"""What the gateway's API takes and gives, as JSON."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.methods import DECLINE_CODES, PaymentMethod
from services.payments.domain.payment import (
    CURRENCY_PATTERN,
    MAX_MINOR_UNITS,
    REFERENCE_PATTERN,
    Money,
    Outcome,
    Payment,
    State,
)
from services.shared import cursor
from services.shared.errors import CursorError

MAX_LIMIT = 100
# As long as a database counts.
ENTRY_ID_PATTERN = "[0-9]{1,18}"
_REFERENCE_EXAMPLE = "ord_0123456789abcdef0123456789abcdef"


def _is_cursor_of(pattern: str) -> Callable[[str], str]:
    """A check that a text is a cursor which ends on a key of the form *pattern*."""

    def check(text: str) -> str:
        try:
            last_key = cursor.decode(text)
        except CursorError as error:
            raise PydanticCustomError("cursor", "Not a cursor of this service") from error
        # Cursors are not signed: what somebody made up must not reach the database.
        if re.fullmatch(pattern, last_key, re.ASCII) is None:
            raise PydanticCustomError("cursor", "Not a cursor of this service")
        return text

    return check


class _Strict(BaseModel):
    """No field more than there are, and no text for a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Amount(_Strict):
    """An amount in whole minor units (cents) of an ISO 4217 currency."""

    minor_units: int = Field(ge=0, le=MAX_MINOR_UNITS, examples=[2490])
    currency: str = Field(pattern=f"^{CURRENCY_PATTERN}$", examples=["EUR"])

    @classmethod
    def of(cls, money: Money) -> "Amount":
        """*money* as clients see it."""
        return cls(minor_units=money.minor_units, currency=money.currency)


class Charge(Amount):
    """An amount above nothing."""

    minor_units: int = Field(ge=1, le=MAX_MINOR_UNITS, examples=[2490])

    def money(self) -> Money:
        """The same in the domain's terms."""
        return Money(minor_units=self.minor_units, currency=self.currency)


class AuthoriseBody(_Strict):
    """A payment that is asked for."""

    reference: str = Field(
        pattern=f"^{REFERENCE_PATTERN}$", examples=[_REFERENCE_EXAMPLE], description="The order's id."
    )
    amount: Charge
    payment_method: PaymentMethod = Field(strict=False, description="A test token; never a card number.")


class RefundBody(_Strict):
    """Money to give back."""

    amount: Charge


class PaymentBody(BaseModel):
    """A payment. `captured` and `refunded` are minor units of the amount's currency."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(examples=[_REFERENCE_EXAMPLE])
    state: State
    amount: Amount = Field(description="What was asked for; 0 XXX where it was voided before it was asked for.")
    captured: int = Field(ge=0)
    refunded: int = Field(ge=0)
    decline_code: str | None = Field(None, description=f"Of a declined one: {', '.join(DECLINE_CODES)}.")
    version: int = Field(ge=1, description="Grows with each change.")

    @classmethod
    def of(cls, payment: Payment) -> "PaymentBody":
        """*payment* as clients see it."""
        return cls(
            reference=payment.reference,
            state=payment.state,
            amount=Amount.of(payment.amount),
            captured=payment.captured_minor_units,
            refunded=payment.refunded_minor_units,
            decline_code=payment.decline_code,
            version=payment.version,
        )


class RefundMade(BaseModel):
    """A refund, and the payment's figures with it."""

    model_config = ConfigDict(extra="forbid")

    refund_id: str = Field(examples=["rf_0123456789abcdef0123456789abcdef"])
    reference: str = Field(examples=[_REFERENCE_EXAMPLE])
    amount: Amount
    captured: int = Field(ge=0)
    refunded: int = Field(ge=0)

    @classmethod
    def of(cls, outcome: Outcome) -> "RefundMade":
        """The refund of *outcome*, which has one."""
        refund, payment = outcome.refund, outcome.payment
        assert refund is not None
        return cls(
            refund_id=refund.refund_id,
            reference=refund.reference,
            amount=Amount.of(refund.amount),
            captured=payment.captured_minor_units,
            refunded=payment.refunded_minor_units,
        )


class EntryBody(BaseModel):
    """A ledger entry: it never changes."""

    model_config = ConfigDict(extra="forbid")

    id: int
    reference: str = Field(examples=[_REFERENCE_EXAMPLE])
    kind: Kind
    operation_id: str = Field(description="Tells operations apart; a refund's id without its prefix.")
    amount: Amount
    at: datetime

    @classmethod
    def of(cls, entry: Entry) -> "EntryBody":
        """*entry*, which is in the ledger, as clients see it."""
        assert entry.id is not None
        return cls(
            id=entry.id,
            reference=entry.reference,
            kind=entry.kind,
            operation_id=entry.operation_id,
            amount=Amount.of(entry.amount),
            at=datetime.fromtimestamp(entry.at_ms / 1000, UTC),
        )


class PaymentQuery(BaseModel):
    """What a list of payments can be asked for."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Payments on the page.")
    cursor: Annotated[str, AfterValidator(_is_cursor_of(REFERENCE_PATTERN))] | None = Field(
        None, max_length=200, description="`next_cursor` of the page before; opaque."
    )
    state: State | None = Field(None, description="Only payments in this state.")


class LedgerQuery(BaseModel):
    """Whose entries are asked for."""

    model_config = ConfigDict(extra="forbid")

    reference: str = Field(pattern=f"^{REFERENCE_PATTERN}$", examples=[_REFERENCE_EXAMPLE])
    limit: int = Field(100, ge=1, le=MAX_LIMIT, description="Entries on the page.")
    cursor: Annotated[str, AfterValidator(_is_cursor_of(ENTRY_ID_PATTERN))] | None = Field(
        None, max_length=200, description="`next_cursor` of the page before; opaque."
    )


class PaymentPage(BaseModel):
    """Payments by ascending reference, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[PaymentBody]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


class LedgerPage(BaseModel):
    """Entries in the order in which they were written, and how to ask for the rest."""

    model_config = ConfigDict(extra="forbid")

    items: list[EntryBody]
    next_cursor: str | None = Field(description="Asks for the next page; null on the last.")


def as_json(body: BaseModel) -> Any:
    """*body* as JSON data; a page says that it is the last, a payment that was not declined says nothing of that."""
    data = body.model_dump(mode="json", exclude_none=True)
    return {"next_cursor": None} | data if "next_cursor" in type(body).model_fields else data
