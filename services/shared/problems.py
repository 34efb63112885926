"""Every error as an RFC 9457 problem: one shape, one media type, no word about the inside."""

import json
from http import HTTPStatus
from typing import Any

from apiflask import HTTPError
from flask import Response
from pydantic import BaseModel, ConfigDict, ValidationError

from services.shared import request_id, tracing

MEDIA_TYPE = "application/problem+json"
# A body of a thousand unknown fields earns one short answer, not a long one.
MAX_ERRORS = 20

# What client programs switch on; the phrase of the HTTP registry differs between Python releases.
_CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "precondition_failed",
    413: "content_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    428: "precondition_required",
    429: "too_many_requests",
    500: "internal_error",
    503: "unavailable",
}


class PaymentRequired(HTTPError):
    """402, which the framework's own class does not take for a status."""

    status_code = 402


class InvalidPart(BaseModel):
    """One thing wrong with a request: a JSON pointer into its body, or the name of its query parameter."""

    model_config = ConfigDict(extra="forbid")

    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(BaseModel):
    """An error (RFC 9457). `code` is stable and meant for programs; `title` and `detail` for people.

    A code may come with further members of its own, which the operation that answers it describes.
    """

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    request_id: str | None = None
    trace_id: str | None = None
    errors: list[InvalidPart] | None = None


def _pointer(location: tuple[int | str, ...]) -> str:
    """RFC 6901 pointer, as a URI fragment: `#/price/currency`."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _invalid_parts(error: HTTPError) -> list[InvalidPart] | None:
    """What validation found, from pydantic's own report; nothing the caller sent is repeated but names."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return None
    in_body = isinstance(error.detail, dict) and "json" in error.detail
    found = cause.errors(include_url=False, include_context=False, include_input=False)[:MAX_ERRORS]
    return [
        InvalidPart(detail=each["msg"], pointer=_pointer(each["loc"]))
        if in_body
        else InvalidPart(detail=each["msg"], parameter=".".join(str(part) for part in each["loc"]))
        for each in found
    ]


def to_response(error: HTTPError) -> Response:
    """The problem that *error* is; its headers (Allow, WWW-Authenticate, Retry-After) are kept.

    `error.extra_data` may set `code` and `errors` (a list of InvalidPart), and adds what else it holds as members.
    """
    status = HTTPStatus(error.status_code)
    title = status.phrase
    extra: dict[str, Any] = dict(error.extra_data)
    trace = tracing.current.get()
    own = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "code": extra.pop("code", _CODES.get(status, "error")),
        "detail": None if error.message == title else error.message,
        "request_id": request_id.current.get(),
        "trace_id": None if trace is None else trace.trace_id,
        "errors": extra.pop("errors", None) or _invalid_parts(error),
    }
    # In this order: what every problem has is not for an error to overwrite.
    problem = Problem.model_validate(extra | own)
    body = json.dumps(problem.model_dump(exclude_none=True))
    response = Response(body, status=status, content_type=MEDIA_TYPE)
    response.headers.extend(error.headers)
    response.headers["Cache-Control"] = "no-store"
    return response
