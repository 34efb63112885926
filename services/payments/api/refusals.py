"""The gateway's refusals as problems (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from apiflask import HTTPError

from services.payments.domain import errors
from services.payments.domain.payment import Payment
from services.shared.idempotency import Answer

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class _PaymentRequired(HTTPError):
    """402, which the framework lacks."""

    status_code = 402


# Error → status, code, what people read. None of it repeats what the caller sent.
_REFUSALS: dict[type[errors.PaymentError], tuple[int, str, str]] = {
    errors.PaymentNotFound: (404, "payment_not_found", "No such payment."),
    errors.PaymentMismatch: (422, "payment_mismatch", "It is known with another amount, currency or payment method."),
    errors.PaymentClosed: (409, "payment_closed", "The payment was voided or declined."),
    errors.PaymentCaptured: (409, "payment_captured", "The money was taken: refund it."),
    errors.RefundExceedsCapture: (
        409,
        "refund_exceeds_capture",
        "The refund is more than what is captured and not refunded.",
    ),
}


def answer_to(error: errors.PaymentError) -> Answer:
    """The answer to whoever asked for what *error* refuses.

    Raises:  PaymentError: *error* itself, where it is nobody's fault but ours.
    """
    if type(error) not in _REFUSALS:
        raise error
    status, code, detail = _REFUSALS[type(error)]
    return _problem(status, code, detail)


def declined(payment: Payment) -> Answer:
    """The answer to whoever asked for what is declined: a good answer, and the same each time."""
    return _problem(402, "card_declined", "The card was declined.", decline_code=payment.decline_code)


def as_error(problem: Mapping[str, Any], headers: Mapping[str, str] = NO_HEADERS) -> HTTPError:
    """*problem*, which an answer has for a body, as an error: the request that it answers adds its ids to it."""
    known = ("type", "title", "status", "detail")
    more = {name: value for name, value in problem.items() if name not in known}
    if problem["status"] == _PaymentRequired.status_code:
        return _PaymentRequired(message=problem["detail"], extra_data=more, headers=dict(headers))
    return HTTPError(problem["status"], problem["detail"], extra_data=more, headers=dict(headers))


def _problem(status: int, code: str, detail: str, **more: Any) -> Answer:
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": detail}
    return Answer(status=status, body=body | more)
