"""What leaves a page as an error, as the answer that visitors get."""

import contextlib
from urllib.parse import quote

from apiflask import APIBlueprint, HTTPError
from flask import Response, redirect, request

from services.shared import problems
from services.shared.errors import DatabaseUnavailable
from services.storefront.domain.errors import TOO_MANY, NotFound, Refused, SignedOut, Unreachable
from services.storefront.domain.local_path import local_path
from services.storefront.pages.visits import Visits

SIGN_IN_PATH = "/login"


def install(blueprint: APIBlueprint, visits: Visits) -> None:
    """Answer so to whatever of these leaves a view of *blueprint*."""

    def signed_out(error: SignedOut) -> Response:
        del error
        # Also where a service no longer takes a token that looks good: else the sign-in would send its visitor back
        # to the page that sent them there, and so on.
        with contextlib.suppress(SignedOut, DatabaseUnavailable):
            visits.current().disown()
        return _to_sign_in_again()

    blueprint.register_error_handler(NotFound, _not_found)
    blueprint.register_error_handler(Unreachable, _unreachable)
    blueprint.register_error_handler(Refused, _refused)
    blueprint.register_error_handler(SignedOut, signed_out)


def to(path: str) -> Response:
    """Send the visitor on to *path* of ours, with GET."""
    response = redirect(path, 303)
    assert isinstance(response, Response)
    return response


def to_sign_in(back_to: str | None) -> Response:
    """Let the visitor sign in, and come back to *back_to*."""
    return to(f"{SIGN_IN_PATH}?next={quote(local_path(back_to), safe='/')}")


def _not_found(error: NotFound) -> Response:
    del error
    return problems.to_response(HTTPError(404))


def _unreachable(error: Unreachable) -> Response:
    headers = {"Retry-After": str(error.retry_after_seconds)}
    return problems.to_response(HTTPError(503, headers=headers, extra_data={"code": f"part_{error.part}"}))


def _refused(error: Refused) -> Response:
    if error.code == TOO_MANY:
        return problems.to_response(HTTPError(429, headers={"Retry-After": str(error.retry_after_seconds)}))
    return problems.to_response(HTTPError(403 if error.code == "forbidden" else 400))


def _to_sign_in_again() -> Response:
    # A form that was lost is not sent again by itself: its visitor comes back to the page that it belongs to.
    return to_sign_in(
        local_path(asked(), request.path) if request.method in ("GET", "HEAD") else _page_of(request.path)
    )


def asked() -> str:
    """What was asked for, with its query."""
    return request.full_path.removesuffix("?")


def _page_of(path: str) -> str:
    return "/" + path.split("/")[1]
