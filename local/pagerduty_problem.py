"""What the PagerDuty stand-in answers when it does not do what it was asked: always JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Response, jsonify, request
from werkzeug.exceptions import HTTPException

EVENTS_API = "/v2/"


def problem(status: int, detail: str, **more: Any) -> Response:
    """A problem document (RFC 9457), as the services answer it."""
    title = HTTPStatus(status).phrase
    response = jsonify({"type": "about:blank", "title": title, "status": status, "detail": detail, **more})
    response.status_code = status
    response.content_type = "application/problem+json"
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal(status: int, short: str, message: str, *errors: str) -> Response:
    """An error of the Events API.

    Source: https://github.com/PagerDuty/api-schema/blob/main/reference/events-v2/openapiv3.json (responses/Error)
    """
    response = jsonify(status=short, message=message, errors=errors)
    response.status_code = status
    return response


def as_json(error: HTTPException) -> Response:
    """*error* in the words of whichever interface was asked; its headers (Allow) are kept."""
    code, said = error.code or 500, error.description or ""
    response = refusal(code, error.name, said) if request.path.startswith(EVENTS_API) else problem(code, said)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response
