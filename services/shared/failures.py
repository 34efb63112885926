"""What goes wrong beside a service, as the 503 that its callers get: come again, after so many seconds."""

import logging
from collections.abc import Callable

from apiflask import APIFlask, HTTPError
from flask import Response

from services.shared import problems
from services.shared.errors import DatabaseUnavailable, DeadlineExceeded, PeerUnavailable, PeerUnknown, SharedError

_LOGGER = logging.getLogger(__name__)
_DETAILS: tuple[tuple[type[SharedError], str], ...] = (
    (DatabaseUnavailable, "The service's own store does not answer."),
    (PeerUnavailable, "Another service cannot be asked now. Nothing has been done."),
    (PeerUnknown, "Another service has not answered. Ask again, with the same Idempotency-Key where there is one."),
    (DeadlineExceeded, "The time that you were ready to wait is over."),
)
_MAX_LOGGED = 500


def install(app: APIFlask) -> None:
    """Answer 503 with Retry-After to whatever of these leaves a view of *app*."""
    for kind, detail in _DETAILS:
        app.register_error_handler(kind, _answer(detail))


def _answer(detail: str) -> Callable[[SharedError], Response]:
    def answer(error: SharedError) -> Response:
        # In one line: while a store is down, each request comes here.
        cause = "" if error.__cause__ is None else f"{type(error.__cause__).__name__}: {error.__cause__}"
        said = {"error": type(error).__name__, "reason": str(error), "cause": cause[:_MAX_LOGGED]}
        _LOGGER.warning("unavailable", extra=said)
        seconds = getattr(error, "retry_after_seconds", 1)
        return problems.to_response(HTTPError(503, detail, headers={"Retry-After": str(seconds)}))

    return answer
