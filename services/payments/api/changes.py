"""The routes that change a payment: authorise, capture, void, refund."""

from apiflask import APIBlueprint
from flask import Response

from services.payments.api import refusals
from services.payments.api.bodies import AuthoriseBody, PaymentBody, RefundBody, RefundMade, as_json
from services.payments.api.guard import check_reference, guard, refuse_body
from services.payments.api.interruptions import Interruptions
from services.payments.api.operations import Operations
from services.payments.domain import gateway
from services.payments.domain.operation import AUTHORISE, CAPTURE, REFUND, VOID
from services.payments.domain.payment import Outcome
from services.payments.domain.ports import Transaction
from services.shared.auth import SERVICE, allow
from services.shared.idempotency import Answer

PREFIX = "/api/v1/payments"
_NOT_FOUND = {404: "No such payment"}
_ANSWERS = {
    400: "No Idempotency-Key, or a body that is not JSON",
    409: "The payment's state is in the way, or the first request with this key is still being answered",
    422: "Invalid, or the key or the reference is known with another body",
    503: "Not now: nothing has happened, or a repeat with this key finds what has",
    504: "Not known whether it has happened: ask for the payment, or repeat it with this key",
}


def change_pages(operations: Operations, interruptions: Interruptions) -> APIBlueprint:
    """The routes under `/api/v1/payments` that change something."""
    blueprint = APIBlueprint("payments", __name__, url_prefix=PREFIX, tag="Payments")
    guard(blueprint, interruptions)
    _add_authorise(blueprint, operations, interruptions)
    _add_capture(blueprint, operations)
    _add_void(blueprint, operations)
    _add_refund(blueprint, operations)
    return blueprint


def _add_authorise(blueprint: APIBlueprint, operations: Operations, interruptions: Interruptions) -> None:
    @blueprint.post("")
    @allow(SERVICE)
    @blueprint.input(AuthoriseBody, arg_name="body")
    @blueprint.output(PaymentBody, status_code=201)
    @blueprint.doc(operation_id="authorise_payment", responses={402: "The card was declined"} | _ANSWERS)
    def authorise(body: AuthoriseBody) -> Response:
        """Hold an amount; a repeat finds what became of it"""
        code = interruptions.decline_code(body.payment_method)

        def act(tx: Transaction, operation_id: str, at_ms: int) -> Outcome:
            return gateway.authorise(
                tx,
                body.reference,
                amount=body.amount.money(),
                method=body.payment_method.value,
                decline_code=code,
                operation_id=operation_id,
                at_ms=at_ms,
            )

        return operations.answer(
            AUTHORISE, body.reference, act, _show_authorised, route=f"POST {PREFIX}", method=body.payment_method
        )


def _add_capture(blueprint: APIBlueprint, operations: Operations) -> None:
    @blueprint.post("/<reference>/capture")
    @allow(SERVICE)
    @blueprint.output(PaymentBody)
    @blueprint.doc(operation_id="capture_payment", responses=_NOT_FOUND | _ANSWERS)
    def capture(reference: str) -> Response:
        """Take the whole amount that is held; once, however often it is asked for"""
        check_reference(reference)
        refuse_body()

        def act(tx: Transaction, operation_id: str, at_ms: int) -> Outcome:
            return gateway.capture(tx, reference, operation_id=operation_id, at_ms=at_ms)

        return operations.answer(CAPTURE, reference, act, _show, route=f"POST {PREFIX}/{reference}/capture")


def _add_void(blueprint: APIBlueprint, operations: Operations) -> None:
    @blueprint.post("/<reference>/void")
    @allow(SERVICE)
    @blueprint.output(PaymentBody)
    @blueprint.doc(operation_id="void_payment", responses={404: "Nothing can have this reference"} | _ANSWERS)
    def void(reference: str) -> Response:
        """Let go of what is held; an unknown reference can never be authorised after this"""
        check_reference(reference)
        refuse_body()

        def act(tx: Transaction, operation_id: str, at_ms: int) -> Outcome:
            return gateway.void(tx, reference, operation_id=operation_id, at_ms=at_ms)

        return operations.answer(VOID, reference, act, _show, route=f"POST {PREFIX}/{reference}/void")


def _add_refund(blueprint: APIBlueprint, operations: Operations) -> None:
    @blueprint.post("/<reference>/refunds")
    @allow(SERVICE)
    @blueprint.input(RefundBody, arg_name="body")
    @blueprint.output(RefundMade, status_code=201)
    @blueprint.doc(operation_id="refund_payment", responses=_NOT_FOUND | _ANSWERS)
    def refund(reference: str, body: RefundBody) -> Response:
        """Give money back; at most what was captured"""
        check_reference(reference)

        def act(tx: Transaction, operation_id: str, at_ms: int) -> Outcome:
            return gateway.refund(tx, reference, amount=body.amount.money(), operation_id=operation_id, at_ms=at_ms)

        return operations.answer(REFUND, reference, act, _show_refund, route=f"POST {PREFIX}/{reference}/refunds")


def _show_authorised(outcome: Outcome) -> Answer:
    payment = outcome.payment
    if payment.decline_code is not None:
        return refusals.declined(payment)
    location = {"Location": f"{PREFIX}/{payment.reference}"}
    return Answer(status=201, body=as_json(PaymentBody.of(payment)), headers=location)


def _show(outcome: Outcome) -> Answer:
    return Answer(status=200, body=as_json(PaymentBody.of(outcome.payment)))


def _show_refund(outcome: Outcome) -> Answer:
    return Answer(status=201, body=as_json(RefundMade.of(outcome)))
