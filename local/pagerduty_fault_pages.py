"""`/internal/faults` of the PagerDuty stand-in, as the services have it; there only when a token is configured."""

from __future__ import annotations

import hmac
import logging

from flask import Blueprint, Response, jsonify, request
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest

from local.pagerduty_faults import FaultBoard, invalid_parts, parse
from local.pagerduty_problem import problem

_LOGGER = logging.getLogger(__name__)
PATH = "/internal/faults"


def fault_pages(board: FaultBoard, token: str) -> Blueprint:
    """POST, GET and DELETE of `/internal/faults` for bearers of *token*."""
    pages = Blueprint("faults", __name__)

    @pages.before_request
    def authenticate() -> Response | None:
        sent = request.authorization
        given = sent.token if sent is not None and sent.type == "bearer" else None
        # In constant time: how much of a guess was right must not show in how long the answer took.
        if given is None or not hmac.compare_digest(given.encode(), token.encode()):
            _LOGGER.warning("fault injection refused")
            response = problem(401, "Expected the fault token of this run as a bearer.")
            response.headers["WWW-Authenticate"] = "Bearer"
            return response
        if request.method == "POST" and not request.is_json:
            return problem(415, "Expected a body of type application/json.")
        return None

    @pages.get(PATH)
    def show() -> Response:
        return jsonify(faults=board.listing())

    @pages.post(PATH)
    def inject() -> tuple[Response, int] | Response:
        try:
            wanted = parse(request.get_json())
        except ValidationError as error:
            return problem(422, "Validation error", errors=invalid_parts(error))
        except BadRequest:
            return problem(400, "The body is not valid JSON.")
        board.inject(wanted)
        _LOGGER.warning("fault injected: %s", wanted)
        return jsonify(faults=board.listing()), 201

    @pages.delete(PATH)
    def clear() -> tuple[str, int]:
        board.clear()
        _LOGGER.warning("faults cleared")
        return "", 204

    return pages
