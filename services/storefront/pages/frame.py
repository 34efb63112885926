"""What surrounds every page: the headers that browsers hold it to, its template, and errors as pages."""

import contextlib
import json
from typing import Any
from urllib.parse import quote

from flask import Flask, Response, make_response, render_template, request
from jinja2 import StrictUndefined

from services.shared import problems, traffic
from services.shared.errors import DatabaseUnavailable
from services.storefront.domain.errors import SignedOut
from services.storefront.domain.local_path import local_path
from services.storefront.domain.ports import PageCounts
from services.storefront.pages.assets import Assets
from services.storefront.pages.error_words import words_of
from services.storefront.pages.refusals import asked
from services.storefront.pages.visits import CurrentVisit, Visits

POLICY = (
    "default-src 'none'; script-src 'self'; style-src {style}; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
STRICT = POLICY.format(style="'self'")
# Swagger UI writes styles into its elements; nothing else of ours does.
DOCUMENTATION = POLICY.format(style="'self' 'unsafe-inline'")
DOCUMENTATION_PATH = "/api/docs"
HEADERS = {
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TINTS = 6
# What somebody who signs in from there was looking at.
_COME_BACK = ("/c/", "/p/", "/cart", "/search")
# Where programs ask, who get problems as JSON.
_PROGRAMS = ("/api/", "/rum", "/internal/", "/metrics", "/livez", "/readyz")


class Frame:
    """Renders pages for visitors."""

    def __init__(self, visits: Visits, assets: Assets, metrics: PageCounts) -> None:
        self._visits = visits
        self._assets = assets
        self._metrics = metrics

    def install(self, app: Flask) -> None:
        """Give *app*'s templates what all of them use, and all of its answers their headers."""
        app.jinja_env.undefined = StrictUndefined
        app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
        app.jinja_env.globals.update(asset=self._assets.url, tint=tint)
        app.after_request(self._finish)

    def page(self, template: str, *, status: int = 200, refresh_seconds: int | None = None, **context: Any) -> Response:
        """The page that *template* makes of *context*; refresh_seconds: when browsers are to ask again."""
        visit = self._visits.current()
        response = self._rendered(visit, template, status, {"notice": visit.hear(), **context})
        if refresh_seconds is not None:
            response.headers["Refresh"] = str(refresh_seconds)
        return response

    def _rendered(self, visit: CurrentVisit | None, template: str, status: int, context: dict[str, Any]) -> Response:
        session = None if visit is None else visit.known
        common = {
            "form_token": _no_token if visit is None else lambda: visit.form_token,
            "customer": None if session is None else session.customer,
            "items": 0 if session is None else session.items,
            "page": "" if request.url_rule is None else request.url_rule.rule,
            "sign_in": _sign_in(),
        }
        return make_response(render_template(template, **(common | context)), status)

    def _finish(self, response: Response) -> Response:
        if response.mimetype == problems.MEDIA_TYPE and not request.path.startswith(_PROGRAMS):
            response = self._as_page(response)
        rule = "" if request.url_rule is None else request.url_rule.rule
        response.headers["Content-Security-Policy"] = DOCUMENTATION if rule == DOCUMENTATION_PATH else STRICT
        for name, value in HEADERS.items():
            response.headers[name] = value
        if response.mimetype == "text/html" or request.blueprint == "pages":
            self._visits.finish(response)
        if request.method == "GET" and response.status_code == 200 and request.blueprint == "pages":
            self._metrics.viewed(rule, traffic=traffic.current.get())
        return response

    def _as_page(self, problem: Response) -> Response:
        """*problem* for people; what its headers say stays."""
        said = json.loads(problem.get_data())
        visit = None
        # Also while the sessions cannot be read: this page may be the one that says so.
        with contextlib.suppress(DatabaseUnavailable, SignedOut):
            visit = self._visits.current()
        words = words_of(said)
        context = {"notice": "", "words": words, "reference": said.get("request_id", "")}
        response = self._rendered(visit, "error.html", problem.status_code, context)
        for name in ("Allow", "Retry-After", "Cache-Control"):
            if name in problem.headers:
                response.headers[name] = problem.headers[name]
        return response


def tint(sku: str) -> int:
    """Which of the tints the picture of *sku* has: always the same."""
    return sum(sku.encode()) % _TINTS


def _no_token() -> str:
    return ""


def _sign_in() -> str:
    """Where to sign in, and come back to what is being looked at."""
    if request.method != "GET" or not request.path.startswith(_COME_BACK):
        return "/login"
    return f"/login?next={quote(local_path(asked()), safe='/')}"
