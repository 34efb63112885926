"""Whether a request comes from a page that somebody else wrote: the stand-in asks nobody who they are.

It listens on this machine alone, but every web page that is open on this machine can send requests there. Browsers
say where a request comes from, and programs like Alertmanager and curl say nothing.
"""

from __future__ import annotations

from flask import Request, Response, request
from werkzeug.sansio.utils import host_is_trusted

from local.pagerduty_problem import problem

LOOPBACK = ("127.0.0.1", "localhost")


def refuse_strangers() -> Response | None:
    """403 for whoever is not at this machine, before a page for people is shown or obeyed."""
    if not is_local_name(request):
        return problem(403, "This page answers to the name of this machine alone: 127.0.0.1 or localhost.")
    if request.method == "POST" and is_foreign(request):
        return problem(403, "Another site's page may not do this.")
    return None


def is_local_name(asked: Request) -> bool:
    """Whether it was addressed as this machine: else a foreign name was made to lead here (DNS rebinding)."""
    return host_is_trusted(asked.host, LOOPBACK)


def is_foreign(asked: Request) -> bool:
    """Whether a browser says that another site sent it."""
    site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
    if site is None and origin is None:
        return False
    own = asked.host_url.rstrip("/")
    return site not in (None, "same-origin", "none") or origin not in (None, own) or not is_local_name(asked)
