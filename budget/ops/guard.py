"""What holds for every request: whom it was addressed to, who sent it, and what its answer may do in a browser."""

from __future__ import annotations

from urllib.parse import quote

from flask import Flask, Response, redirect, request
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response as AnyResponse

from budget.ops.door import Door, is_foreign

# Read without a token even where the page is not: they say nothing of the shop.
OPEN_ENDPOINTS = frozenset({"own.livez", "own.metrics", "sign_in.form", "sign_in.enter", "static"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def guard(app: Flask, door: Door) -> None:
    """Put *door* before every page of *app*, and its policy behind."""

    @app.before_request
    def refuse() -> AnyResponse | None:
        if not door.is_own_name(request):
            raise Forbidden("This page answers to the names that it was started with alone: --allow-host adds one.")
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_action(door)
            return None
        if request.endpoint in OPEN_ENDPOINTS or request.endpoint is None or door.may_read(request):
            return None
        if request.path.endswith(".json") or request.endpoint == "pages.parts":
            raise Unauthorized("The token is needed: sign in, or send it as a bearer.")
        return redirect(f"/ops/sign-in?next={quote(request.path)}", 303)

    app.after_request(_harden)


def _check_action(door: Door) -> None:
    """An action needs the token, and comes from a form of ours: of whoever is signed in, and of nobody else."""
    if is_foreign(request):
        raise Forbidden("Another site's page may not do this.")
    # Signing in needs no form of ours: it is the token that counts. A key for it would be a session before the session,
    # in place of the one that a link from another site comes without (SameSite=Strict), and would end that.
    if request.endpoint == "sign_in.enter":
        return
    if not door.is_in():
        raise Unauthorized("Sign in first: nothing was done.")
    if not door.is_own_form(request):
        raise Forbidden("The form was not one of this page, or was open for too long: go back, load it again.")


def _harden(response: Response) -> Response:
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    # `no-referrer` would make browsers hide the origin of the page's own forms as well.
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
    headers["Cache-Control"] = "no-cache" if request.endpoint == "static" else "no-store"
    return response
