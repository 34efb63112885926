"""`/api/v1/webhooks/payments`: the gateway says that something has happened.

A hint and no more: whatever it says, the worker asks the gateway. So it may come early, late, twice or never.
"""

import time
from collections.abc import Callable
from typing import Literal

from apiflask import APIBlueprint, HTTPError
from flask import Response, jsonify, request
from pydantic import BaseModel, ConfigDict, Field

from services.orders.domain.order import ORDER_ID_PATTERN, State
from services.orders.domain.ports import Hints
from services.orders.domain.webhook_signature import HEADER, InvalidSignature, verify
from services.shared.auth import public

CONSUMER = "payments-webhooks"
# An order that is PAYING is its request's business until that has given up.
_WAITING = frozenset({State.PAYMENT_UNKNOWN, State.REFUND_PENDING})


class WebhookData(BaseModel):
    """Which payment it is about. What else it says may grow, and is not believed anyway."""

    model_config = ConfigDict(extra="ignore", strict=True)

    reference: str = Field(pattern=f"^{ORDER_ID_PATTERN}$")


class WebhookBody(BaseModel):
    """Something that happened to a payment."""

    model_config = ConfigDict(extra="ignore", strict=True)

    event_id: str = Field(pattern="^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", examples=["evt_1"])
    type: str = Field(pattern="^[a-z][a-z._]{0,63}$", examples=["payment.captured"])
    data: WebhookData


class WebhookAnswer(BaseModel):
    """What came of it. noted: the order is looked at now; duplicate: it came before; ignored: nobody waits for it."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal["noted", "duplicate", "ignored"]


def webhook_pages(hints: Hints, key: str | None, *, now: Callable[[], float] = time.time) -> APIBlueprint:
    """The gateway's route.

    Args:    key: WEBHOOK_KEY; without it nothing is believed. now: Unix seconds.
    """
    blueprint = APIBlueprint("webhooks", __name__, url_prefix="/api/v1/webhooks", tag="Webhooks")

    @blueprint.before_request
    def check_signature() -> None:
        # Before the body is looked into.
        try:
            verify(key, request.headers.get(HEADER), request.get_data(), now=now())
        except InvalidSignature as error:
            raise HTTPError(401, "The signature proves nothing.", extra_data={"code": "invalid_signature"}) from error

    @blueprint.post("/payments")
    @public
    @blueprint.input(WebhookBody, arg_name="body")
    @blueprint.output(WebhookAnswer)
    @blueprint.doc(operation_id="receive_payment_webhook", responses={401: "No valid signature, or too old a one"})
    def receive(body: WebhookBody) -> Response:
        """Hear that something happened to a payment"""
        now_ms = int(now() * 1000)
        with hints.writing() as transaction:
            if not transaction.first_time(consumer=CONSUMER, event_id=body.event_id, now_ms=now_ms):
                return _answer("duplicate")
            woken = transaction.wake(body.data.reference, _WAITING, now_ms=now_ms)
        return _answer("noted" if woken else "ignored")

    return blueprint


def _answer(outcome: Literal["noted", "duplicate", "ignored"]) -> Response:
    response = jsonify(WebhookAnswer(outcome=outcome).model_dump())
    response.headers["Cache-Control"] = "no-store"
    return response
