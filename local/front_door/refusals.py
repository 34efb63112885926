"""What the door itself answers: RFC 9457 problems for programs, one small page for people."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

# A first line that is none, is too long, or names a version that is none.
_EARLY = frozenset({400, 414, 505})
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An error that nginx finds: *found* is its status for it, *status* what the client is told.

    code: stable, for programs, the same as a service's for the same error. text: for people.
    """

    found: int
    status: int
    code: str
    title: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def early(self) -> bool:
        """Whether nginx may find it before it knows a path: then it can send the request to a path, not to a name."""
        return self.found in _EARLY


def _same(status: int, code: str, title: str, text: str, **headers: str) -> Refusal:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Refusal(found=status, status=status, code=code, title=title, text=text, headers=named)


_AWAY = "This part of the shop does not answer right now. Please try again in a moment."
_TOO_LARGE_HEADERS = "A header of this request is too large, or all of them together."

REFUSALS = (
    _same(400, "bad_request", "Bad Request", "This request is not one that can be understood."),
    _same(404, "not_found", "Not Found", "There is nothing at this address."),
    _same(
        405,
        "method_not_allowed",
        "Method Not Allowed",
        "This method is not used here.",
        Allow=", ".join(METHODS),
    ),
    _same(413, "content_too_large", "Content Too Large", "This request's body is too large."),
    _same(414, "uri_too_long", "URI Too Long", "This address is too long."),
    _same(429, "too_many_requests", "Too Many Requests", "Too many requests. Please wait.", Retry_After="1"),
    # nginx's own number for it.
    Refusal(
        found=494,
        status=431,
        code="request_header_fields_too_large",
        title="Request Header Fields Too Large",
        text=_TOO_LARGE_HEADERS,
    ),
    _same(500, "internal_error", "Internal Server Error", "Something went wrong."),
    _same(501, "not_implemented", "Not Implemented", "This way of sending a request is not known here."),
    # A service that cannot be reached is away for a moment: while it restarts, for example.
    Refusal(
        found=502,
        status=503,
        code="unavailable",
        title="Service Unavailable",
        text=_AWAY,
        headers={"Retry-After": "2"},
    ),
    _same(503, "unavailable", "Service Unavailable", _AWAY, Retry_After="2"),
    # Without Retry-After: what was asked for may have happened, and a program has to find out first.
    _same(504, "gateway_timeout", "Gateway Timeout", "No answer came in time. What was asked for may have happened."),
    _same(505, "http_version_not_supported", "HTTP Version Not Supported", "HTTP/1.1 is spoken here."),
)

# Where nginx puts in the id of the request: an id of the client's has been checked, so that it needs no quoting.
REQUEST_ID = "$door_request_id"
_STYLE = "body{font:1.125rem/1.5 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1rem}"
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>'
    f"<style>{_STYLE.replace('{', '{{').replace('}', '}}')}</style></head>"
    '<body><main><h1>{title}</h1><p>{text}</p><p><a href="/">To the shop</a></p>'
    "<p><small>Request {request_id}</small></p></main></body></html>\n"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A refusal in one of its *forms*: what the client gets."""

    form: str
    found: int
    status: int
    early: bool
    media_type: str
    body: str
    headers: Mapping[str, str]


def answers() -> Iterator[Answer]:
    """Each refusal as a `problem` and as a `page`."""
    for each in REFUSALS:
        yield _answer(each, "problem", "application/problem+json", problem(each), {})
        page = _PAGE.format(title=each.title, text=each.text, request_id=REQUEST_ID)
        yield _answer(each, "page", "text/html", page, {"Content-Security-Policy": PAGE_POLICY})


def problem(refusal: Refusal) -> str:
    """The body that a program gets."""
    members = {
        "type": "about:blank",
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        "detail": refusal.text,
        "request_id": REQUEST_ID,
    }
    return json.dumps(members)


def _answer(refusal: Refusal, form: str, media_type: str, body: str, headers: Mapping[str, str]) -> Answer:
    return Answer(
        form=form,
        found=refusal.found,
        status=refusal.status,
        early=refusal.early,
        media_type=media_type,
        body=body,
        headers={**refusal.headers, **headers},
    )
