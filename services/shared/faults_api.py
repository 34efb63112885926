"""`/internal/faults`: switches faults on and off for drills; there only when a token is configured.

One process holds the state, as one gunicorn worker serves a service.
"""

import hmac
import logging
from typing import Any, Literal

from apiflask import APIBlueprint, HTTPError
from flask import Blueprint, request
from pydantic import BaseModel, ConfigDict, Field

from services.shared.faults import ERRORS, MAX_SECONDS, FaultBoard

_LOGGER = logging.getLogger(__name__)
PATH = "/internal/faults"


class ErrorsFault(BaseModel):
    """A share of the product requests answers 500. Another fault is another model, told apart by `fault`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    fault: Literal["errors"]
    share: float = Field(ge=0, le=1, allow_inf_nan=False)
    seconds: int = Field(ge=1, le=MAX_SECONDS)


def fault_pages(board: FaultBoard, token: str) -> APIBlueprint:
    """POST, GET and DELETE of `/internal/faults` for bearers of *token*."""
    blueprint = APIBlueprint("faults", __name__, enable_openapi=False)

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
        return {
            "faults": [
                {"fault": f.kind, "share": f.share, "seconds_left": round(board.seconds_left(f), 1)}
                for f in board.active()
            ]
        }

    @blueprint.get(PATH)
    def list_faults() -> dict[str, Any]:
        return listing()

    @blueprint.post(PATH)
    @blueprint.input(ErrorsFault, arg_name="wanted")
    def inject(wanted: ErrorsFault) -> tuple[dict[str, Any], int]:
        board.inject(wanted.fault, share=wanted.share, seconds=wanted.seconds)
        _LOGGER.warning("fault injected", extra=wanted.model_dump())
        return listing(), 201

    @blueprint.delete(PATH)
    def clear() -> tuple[str, int]:
        board.clear()
        _LOGGER.warning("faults cleared")
        return "", 204

    return blueprint


def expose_to(blueprint: Blueprint, board: FaultBoard) -> None:
    """Let active faults hit the requests of *blueprint*, before its own code runs."""

    @blueprint.before_request
    def strike() -> None:
        if board.strikes(ERRORS):
            raise HTTPError(500)
