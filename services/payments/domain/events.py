"""What the gateway tells a shop of by webhook. A hint: whoever gets it asks the gateway for the truth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from services.payments.domain.ledger import Entry, Kind
from services.payments.domain.payment import Payment

TYPES = {
    Kind.AUTHORISE: "payment.authorised",
    Kind.DECLINE: "payment.declined",
    Kind.CAPTURE: "payment.captured",
    Kind.VOID: "payment.voided",
    Kind.REFUND: "payment.refunded",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent:
    """Something that happened to a payment; as many of them as ledger entries."""

    event_id: str
    type: str
    reference: str
    at_ms: int
    data: Mapping[str, object] = field(default_factory=dict)


def event_of(entry: Entry, payment: Payment) -> PaymentEvent:
    """The event that tells of *entry*, which has led to *payment*."""
    identity = f"{entry.reference}\n{entry.kind}\n{entry.operation_id}"
    data: dict[str, object] = {
        "reference": entry.reference,
        "state": payment.state.value,
        "amount": {"minor_units": entry.amount.minor_units, "currency": entry.amount.currency},
        "version": payment.version,
    }
    if payment.decline_code is not None:
        data["decline_code"] = payment.decline_code
    return PaymentEvent(
        event_id=f"evt_{sha256(identity.encode()).hexdigest()[:32]}",
        type=TYPES[entry.kind],
        reference=entry.reference,
        at_ms=entry.at_ms,
        data=data,
    )
