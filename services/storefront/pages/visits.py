"""Finds the session of each request by its cookie, and makes, rotates and ends sessions.

The id in the cookie is 256 random bits; the store knows its hash alone. The token of forms is derived from the id, so
that it belongs to one session and changes with it.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import replace

from flask import Response, g, request

from services.storefront.domain.errors import SignedOut
from services.storefront.domain.ports import SessionStore
from services.storefront.domain.session import IDLE_MS, Customer, Session
from services.storefront.settings import Settings

_ID_BYTES = 32
_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# A request a minute must not be a write a minute.
TOUCH_MS = 3600 * 1000


class CurrentVisit:
    """The visitor of one request; nothing is stored of them before there is something to keep.

    Args:    now_ms: of the request's begin.
    """

    def __init__(self, store: SessionStore, sent_id: str | None, now_ms: int) -> None:
        self._store = store
        self._now_ms = now_ms
        self._id = ""
        self._session: Session | None = None
        # What the answer's cookie is to say: an id, "" to forget it, None for nothing.
        self.cookie: str | None = None
        if sent_id is not None and _ID.fullmatch(sent_id) is not None:
            self._resume(sent_id)

    @property
    def known(self) -> Session | None:
        """The session, where there is one already."""
        return self._session

    @property
    def session(self) -> Session:
        """The session; a new one where there was none."""
        if self._session is None:
            self._id = secrets.token_urlsafe(_ID_BYTES)
            self._session = Session(key=_hash(self._id), created_at_ms=self._now_ms, seen_at_ms=self._now_ms)
            self._store.create(self._session)
            self.cookie = self._id
        return self._session

    @property
    def form_token(self) -> str:
        """What every form of this session sends along."""
        if self._session is None:
            _ = self.session
        return hmac.new(self._id.encode(), b"form", hashlib.sha256).hexdigest()

    def change(self, work: Callable[[Session], Session]) -> Session:
        """Store what *work* makes of the session as it is now.

        Raises:  SignedOut: it was ended meanwhile.
        """
        changed = self._store.change(self.session.key, work)
        if changed is None:
            self._session = None
            raise SignedOut
        self._session = changed
        return changed

    def say(self, notice: str) -> None:
        """Say *notice* on the next page, in place of what was to be said there."""
        self.change(lambda session: replace(session, notice=notice[:400]))

    def hear(self) -> str:
        """What is to be said on this page, once."""
        if self._session is None or not self._session.notice:
            return ""
        notice = self._session.notice
        self.change(lambda session: replace(session, notice=""))
        return notice

    def sign_in(self, customer: Customer) -> None:
        """From now on the visitor is *customer*, under an id that nobody has seen before."""
        old = self.session
        self._id = secrets.token_urlsafe(_ID_BYTES)
        self._session = replace(old, key=_hash(self._id), customer=customer, seen_at_ms=self._now_ms)
        self._store.replace(old.key, self._session)
        self.cookie = self._id

    def end(self) -> None:
        """Forget the session, here and in the browser."""
        if self._session is not None:
            self._store.delete(self._session.key)
        self._session = None
        self.cookie = ""

    def _resume(self, sent_id: str) -> None:
        found = self._store.find(_hash(sent_id))
        if found is None or found.is_over(self._now_ms):
            return
        self._id, self._session = sent_id, found
        if self._now_ms - found.seen_at_ms > TOUCH_MS:
            self.change(lambda session: replace(session, seen_at_ms=self._now_ms))
            self.cookie = sent_id


class Visits:
    """The visit of each request.

    Args:    now: Unix seconds.
    """

    def __init__(self, store: SessionStore, settings: Settings, *, now: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._now = now

    def current(self) -> CurrentVisit:
        """This request's.

        Raises:  DatabaseUnavailable
        """
        found: CurrentVisit | None = g.get("visit")
        if found is None:
            sent = request.cookies.get(self._settings.cookie)
            found = CurrentVisit(self._store, sent, int(self._now() * 1000))
            g.visit = found
        return found

    def finish(self, response: Response) -> None:
        """Let *response* set the cookie, and let no cache keep what is somebody's own."""
        visit: CurrentVisit | None = g.get("visit")
        if visit is not None and visit.cookie is not None:
            response.set_cookie(
                self._settings.cookie,
                visit.cookie,
                max_age=IDLE_MS // 1000 if visit.cookie else 0,
                secure=self._settings.cookie_secure,
                httponly=True,
                samesite="Lax",
                path="/",
            )
        if "Cache-Control" not in response.headers:
            private = visit is not None and (visit.known is not None or visit.cookie is not None)
            response.headers["Cache-Control"] = "no-store" if private else "private, no-cache"
            response.vary.add("Cookie")


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()
