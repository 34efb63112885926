"""`/internal/faults`: switches faults on and off for drills; there only when a token is configured.

One process holds the state, as one gunicorn worker serves a service.
"""

import hmac
import logging
import time
from collections.abc import Sequence
from typing import Any

from apiflask import APIBlueprint, HTTPError
from flask import Blueprint, request
from pydantic import ValidationError

from services.shared.auth import public
from services.shared.fault_models import Fault, Kinds
from services.shared.faults import ERRORS, LATENCY, ActiveFault, FaultBoard

_LOGGER = logging.getLogger(__name__)
PATH = "/internal/faults"


def fault_pages(board: FaultBoard, token: str, own: Sequence[type[Fault]] = ()) -> APIBlueprint:
    """POST, GET and DELETE of `/internal/faults` for bearers of *token*; *own* are the service's own kinds."""
    blueprint = APIBlueprint("faults", __name__, enable_openapi=False)
    kinds = Kinds(own)

    @blueprint.before_request
    def authenticate() -> None:
        sent = request.authorization
        given = sent.token if sent is not None and sent.type == "bearer" else None
        # In constant time: how much of a guess was right must not show in how long the answer took.
        if given is None or not hmac.compare_digest(given.encode(), token.encode()):
            _LOGGER.warning("fault injection refused")
            raise HTTPError(401, headers={"WWW-Authenticate": "Bearer"})
        if request.method == "POST" and not request.is_json:
            raise HTTPError(415, "Expected a body of type application/json.")

    def listing() -> dict[str, Any]:
        return {"faults": [_shown(board, fault) for fault in board.active()]}

    # Public as far as users' tokens go: this page has its own.
    @blueprint.get(PATH)
    @public
    def list_faults() -> dict[str, Any]:
        return listing()

    @blueprint.post(PATH)
    @public
    def inject() -> tuple[dict[str, Any], int]:
        wanted = _parse(kinds, request.get_json())
        board.inject(wanted.fault, share=wanted.share, seconds=wanted.seconds, value=wanted.value())
        _LOGGER.warning("fault injected", extra=wanted.model_dump())
        return listing(), 201

    @blueprint.delete(PATH)
    @public
    def clear() -> tuple[str, int]:
        board.clear()
        _LOGGER.warning("faults cleared")
        return "", 204

    return blueprint


def expose_to(blueprint: Blueprint, board: FaultBoard) -> None:
    """Let active `errors` and `latency` faults hit the requests of *blueprint*, before its own code runs."""

    @blueprint.before_request
    def strike() -> None:
        slow = board.value(LATENCY)
        if slow is not None and board.strikes(LATENCY):
            time.sleep(slow["delay_seconds"])
        if board.strikes(ERRORS):
            raise HTTPError(500)


def _shown(board: FaultBoard, fault: ActiveFault) -> dict[str, Any]:
    return {
        "fault": fault.kind,
        "share": fault.share,
        **fault.value,
        "seconds_left": round(board.seconds_left(fault), 1),
    }


def _parse(kinds: Kinds, body: Any) -> Fault:
    try:
        return kinds.parse(body)
    except ValidationError as error:
        # As the framework reports its own findings; `problems` reads the rest off the cause.
        raise HTTPError(422, "Validation error", detail={"json": {}}) from error
