"""What is refused whichever route it is sent to."""

import re

from apiflask import APIBlueprint, HTTPError
from flask import request

from services.payments.api import refusals
from services.payments.api.interruptions import Interruptions
from services.payments.domain.card_numbers import holds_card_number
from services.payments.domain.errors import PaymentNotFound
from services.payments.domain.payment import REFERENCE_PATTERN
from services.shared.idempotent_requests import HEADER

# Longer than all that any route takes: what is looked through costs time.
MAX_BODY_BYTES = 4096


def guard(blueprint: APIBlueprint, interruptions: Interruptions) -> None:
    """Refuse card numbers, wherever they stand, and everything in an outage, before any route of *blueprint*."""

    @blueprint.before_request
    def refuse_long_bodies() -> None:
        if len(request.get_data()) > MAX_BODY_BYTES:
            raise HTTPError(413)

    @blueprint.before_request
    def refuse_card_numbers() -> None:
        # Where it is no JSON at all, the route's own reading of it will say so.
        sent_json = request.get_json(silent=True) if request.is_json else None
        sent = [*request.args.keys(), *request.args.values(), *(request.view_args or {}).values()]
        if holds_card_number([*sent, request.headers.get(HEADER, ""), sent_json]):
            raise HTTPError(
                422,
                "This looks like a card number. The gateway takes tokens alone.",
                extra_data={"code": "card_number_refused"},
            )

    @blueprint.before_request
    def refuse_in_outage() -> None:
        interruptions.refuse_in_outage()


def check_reference(reference: str) -> None:
    """Return if *reference* has the form of one.

    Raises:  HTTPError: 404, as for any that nobody has paid with.
    """
    if re.fullmatch(REFERENCE_PATTERN, reference, re.ASCII) is None:
        raise refusals.as_error(refusals.answer_to(PaymentNotFound()).body)


def refuse_body() -> None:
    """Return if this request has no body: it might ask for something, such as a part, that would be passed over.

    Raises:  HTTPError: 422.
    """
    if request.get_data().strip() not in (b"", b"{}", b"null"):
        raise HTTPError(422, "This operation takes no body.")
