"""Who may act: whoever has shown the token, from the page's own forms.

Flask signs the cookie with a key of this process; who is signed in is in its memory: whoever starts it anew ends all.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

from flask import Flask, Request, session

from budget.ops.sessions import Sessions
from budget.ops.throttle import Throttle

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_IN, _FORM_KEY = "in", "key"


class Door:
    """The token, and how one is let in by it. An empty token lets nobody in: the page can then be read alone.

    Args:    hosts: names that the page may be addressed by. reads_freely: whether reading needs no token.
    """

    def __init__(
        self,
        token: str,
        *,
        hosts: Iterable[str] = LOOPBACK,
        reads_freely: bool = True,
        throttle: Throttle | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self._token = token.encode()
        self._hosts = frozenset(host.lower() for host in hosts)
        self.reads_freely = reads_freely
        self.throttle = throttle or Throttle()
        self._sessions = sessions or Sessions()

    @property
    def can_open(self) -> bool:
        """Whether there is a token at all."""
        return bool(self._token)

    def furnish(self, app: Flask, *, port: int, behind_tls: bool) -> None:
        """Have *app* sign its cookies."""
        app.secret_key = secrets.token_bytes(32)
        app.config.update(
            # Cookies of one host are shared by its ports: two platforms must not end one another's sessions.
            SESSION_COOKIE_NAME=f"tillwatch_ops_{port}",
            SESSION_COOKIE_HTTPONLY=True,
            SESSION_COOKIE_SAMESITE="Strict",
            SESSION_COOKIE_SECURE=behind_tls,
        )

    def is_right(self, given: str) -> bool:
        """Whether *given* is the token; in constant time, and counted where it is not."""
        right = self.can_open and hmac.compare_digest(given.strip().encode(), self._token)
        (self.throttle.succeeded if right else self.throttle.failed)()
        return right

    def let_in(self) -> None:
        """This browser may act from now on."""
        self.show_out()
        session[_IN] = self._sessions.begin()

    def show_out(self) -> None:
        """And no more, nor a copy of its cookie."""
        self._sessions.end(str(session.get(_IN, "")))
        session.clear()

    def is_in(self) -> bool:
        """Whether this browser has shown the token."""
        return self._sessions.goes_on(str(session.get(_IN, "")))

    def may_read(self, asked: Request) -> bool:
        """Whether *asked* may see the page: freely, signed in, or a program with the token as its bearer."""
        if self.reads_freely or self.is_in():
            return True
        sent = asked.authorization
        given = sent.token if sent is not None and sent.type == "bearer" else None
        return given is not None and not self.throttle.seconds_left and self.is_right(given)

    def form_key(self) -> str:
        """What this browser's forms carry, and no other site can know."""
        if _FORM_KEY not in session:
            session[_FORM_KEY] = secrets.token_urlsafe(24)
        return str(session[_FORM_KEY])

    def is_own_form(self, asked: Request) -> bool:
        """Whether the form of *asked* was on a page that this browser got here."""
        kept, given = str(session.get(_FORM_KEY, "")), asked.form.get(_FORM_KEY, "")
        return bool(kept) and hmac.compare_digest(kept.encode(), given.encode())

    def is_own_name(self, asked: Request) -> bool:
        """Whether *asked* was addressed to us: else a foreign name was made to lead here (DNS rebinding)."""
        try:
            return "@" not in asked.host and urlsplit(f"//{asked.host}").hostname in self._hosts
        except ValueError:
            return False


def is_foreign(asked: Request) -> bool:
    """Whether a browser says that another site's page sent it; programs say nothing."""
    site, origin = asked.headers.get("Sec-Fetch-Site"), asked.headers.get("Origin")
    if site not in (None, "same-origin", "none"):
        return True
    # A proxy that speaks TLS changes the scheme, and not the name.
    return origin is not None and urlsplit(origin).netloc != asked.host
