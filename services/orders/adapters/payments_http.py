"""The gateway, asked over its API."""

from typing import Any, NoReturn, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.orders.adapters.peer_replies import PeerCalls, code_of, unexpected
from services.orders.domain.money import CURRENCY_PATTERN, Money
from services.orders.domain.order_errors import Declined, PaymentCaptured, PaymentClosed, RefundRefused
from services.orders.domain.ports import Payment
from services.shared.errors import PeerUnknown
from services.shared.outbound import Reply

# Most of a checkout's five seconds: a card's bank is slow.
TIMEOUT_SECONDS = 3.0
_PAYMENTS = "/api/v1/payments"
PAGE = 100
Model = TypeVar("Model", bound=BaseModel)


class _Amount(BaseModel):
    minor_units: int = Field(ge=0)
    currency: str = Field(pattern=f"^{CURRENCY_PATTERN}$")


class _Body(BaseModel):
    """What is read of a payment; fields that come later are not looked at."""

    model_config = ConfigDict(strict=True)

    reference: str
    state: str
    amount: _Amount
    captured: int = Field(ge=0)
    refunded: int = Field(ge=0)
    decline_code: str | None = None


class _Page(BaseModel):
    model_config = ConfigDict(strict=True)

    items: list[_Body]
    next_cursor: str | None


class HttpPayments:
    """`Payments` behind *peer*. Each operation's key is made of the order's id: whoever repeats it repeats the key."""

    def __init__(self, peer: PeerCalls) -> None:
        self._peer = peer

    def find(self, reference: str) -> Payment | None:
        reply = self._peer.call(
            "get_payment", "GET", f"{_PAYMENTS}/{reference}", timeout=TIMEOUT_SECONDS, idempotent=True
        )
        if reply.status == 404 and code_of(reply) == "payment_not_found":
            return None
        if reply.status != 200:
            unexpected("payments", "get_payment", reply)
        found = _payment(_read(_Body, reply))
        if found.reference != reference:
            raise PeerUnknown("payments: get_payment: the reply is another payment")
        return found

    def authorise(self, reference: str, amount: Money, method: str) -> None:
        body = {"reference": reference, "amount": _amount(amount), "payment_method": method}
        reply = self._change("authorise", _PAYMENTS, reference, body)
        if reply.status in (200, 201):
            return
        if reply.status == 402:
            raise Declined(str(reply.json.get("decline_code") or "declined")[:64])
        if reply.status == 422 and code_of(reply) == "invalid_request":
            # It will never take this: an unknown payment method, an amount beyond its bounds.
            raise Declined("not_accepted")
        self._refused("authorise", reply)

    def capture(self, reference: str) -> None:
        self._end("capture", reference)

    def void(self, reference: str) -> None:
        self._end("void", reference)

    def refund(self, reference: str, amount: Money) -> None:
        path = f"{_PAYMENTS}/{reference}/refunds"
        reply = self._change("refund", path, reference, {"amount": _amount(amount)})
        if reply.status == 409 and code_of(reply) == "refund_exceeds_capture":
            raise RefundRefused(reference)
        if reply.status not in (200, 201):
            self._refused("refund", reply)

    def page(self, cursor: str | None) -> tuple[tuple[Payment, ...], str | None]:
        """Payments by reference, and the cursor of the next page; None on the last.

        Raises:  PeerUnavailable, PeerUnknown
        """
        query = urlencode({"limit": PAGE} | ({} if cursor is None else {"cursor": cursor}))
        reply = self._peer.call(
            "list_payments", "GET", f"{_PAYMENTS}?{query}", timeout=TIMEOUT_SECONDS, idempotent=True
        )
        if reply.status != 200:
            unexpected("payments", "list_payments", reply)
        found = _read(_Page, reply)
        return tuple(_payment(each) for each in found.items), found.next_cursor

    def _end(self, operation: str, reference: str) -> None:
        reply = self._change(operation, f"{_PAYMENTS}/{reference}/{operation}", reference, None)
        if reply.status != 200:
            self._refused(operation, reply)

    def _change(self, operation: str, path: str, reference: str, body: Any) -> Reply:
        key = {"Idempotency-Key": f"{reference}:{operation}"}
        return self._peer.call(
            operation, "POST", path, json=body, headers=key, timeout=TIMEOUT_SECONDS, idempotent=True
        )

    def _refused(self, operation: str, reply: Reply) -> NoReturn:
        code = code_of(reply)
        if reply.status == 409 and code == "payment_closed":
            raise PaymentClosed(operation)
        if reply.status == 409 and code == "payment_captured":
            raise PaymentCaptured(operation)
        # A key that is in use is among these: the first call may be doing it at this moment.
        unexpected("payments", operation, reply)


def _amount(money: Money) -> dict[str, Any]:
    return {"minor_units": money.minor_units, "currency": money.currency}


def _read(model: type[Model], reply: Reply) -> Model:
    try:
        return model.model_validate(reply.json)
    except ValidationError as error:
        raise PeerUnknown(f"payments: the reply is no {model.__name__.strip('_').lower()}") from error


def _payment(body: _Body) -> Payment:
    return Payment(
        reference=body.reference,
        state=body.state,
        amount=Money(minor_units=body.amount.minor_units, currency=body.amount.currency),
        captured=body.captured,
        refunded=body.refunded,
        decline_code=body.decline_code,
    )
