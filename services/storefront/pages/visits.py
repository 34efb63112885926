"""Finds the session of each request by its cookie, and makes, rotates and ends sessions.

Whoever looks at a page with a form gets an id in a cookie, and nothing is stored. The first form that leaves something
to keep makes the session; the store knows the hash of its id alone.
"""

import hmac
from collections.abc import Callable
from dataclasses import replace

from flask import Response, g, request

from services.storefront.domain.errors import SignedOut
from services.storefront.domain.ports import SessionStore
from services.storefront.domain.session import IDLE_MS, Customer, Session, signed_out
from services.storefront.pages.visit_ids import VisitIds, storage_key, token_of_forms
from services.storefront.settings import Settings

# A request a minute must not be a write a minute.
TOUCH_MS = 3600 * 1000


class CurrentVisit:
    """The visitor of one request; nothing is stored of them before there is something to keep.

    Args:    sent: the cookie that came with it, "" for none. now_ms: of the request's begin.
    """

    def __init__(self, store: SessionStore, ids: VisitIds, sent: str, now_ms: int) -> None:
        self._store = store
        self._ids = ids
        self._now_ms = now_ms
        # "" as long as there is none; a session has one, and a guest who was given a form.
        self._id = ""
        self._session: Session | None = None
        # What the answer's cookie is to say: an id, "" to forget it, None for nothing.
        self.cookie: str | None = None
        self._resume(sent)

    @property
    def known(self) -> Session | None:
        """The session, where there is one already."""
        return self._session

    @property
    def session(self) -> Session:
        """The session; a new one where there was none."""
        if self._session is None:
            self._session = self._new(self._known_id())
            self._store.create(self._session)
        return self._session

    @property
    def is_somebody(self) -> bool:
        """Whether pages for this visitor are for them alone."""
        return self._id != "" or self.cookie is not None

    @property
    def form_token(self) -> str:
        """What every form of this visitor sends along."""
        return token_of_forms(self._known_id())

    def sent_form(self, token: str) -> bool:
        """Whether *token* is that of this visitor's forms."""
        return self._id != "" and hmac.compare_digest(token.encode(), self.form_token.encode())

    def change(self, work: Callable[[Session], Session]) -> Session:
        """Store what *work* makes of the session as it is now.

        Raises:  SignedOut: it was ended meanwhile.
        """
        changed = self._store.change(self.session.key, work)
        if changed is None:
            self._session, self._id = None, ""
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
        old = self._session
        self._id = self.cookie = self._ids.new()
        fresh = replace(self._new(self._id), customer=customer)
        if old is not None:
            kept = replace(old, key=fresh.key, customer=customer, is_cart_sought=False, seen_at_ms=self._now_ms)
            if self._store.replace(old.key, kept):
                self._session = kept
                return
        # Also where the same form came twice: what was put aside went with the first, and goes into a cart once.
        self._session = fresh
        self._store.create(fresh)

    def disown(self) -> None:
        """Let the visitor be a guest again; who has got new tokens meanwhile stays a customer.

        Raises:  SignedOut: the session was ended meanwhile.
        """
        refused = None if self._session is None else self._session.customer
        if refused is not None:
            self.change(lambda session: signed_out(session) if session.customer == refused else session)

    def end(self) -> None:
        """Forget the session, here and in the browser."""
        if self._session is not None:
            self._store.delete(self._session.key)
        self._session, self._id = None, ""
        self.cookie = ""

    def _resume(self, sent: str) -> None:
        visit_id, is_signed = self._ids.read(sent)
        found = self._store.find(storage_key(visit_id)) if visit_id else None
        if found is None or found.is_over(self._now_ms):
            self._id = visit_id if is_signed and found is None else ""
            return
        self._id, self._session = visit_id, found
        if self._now_ms - found.seen_at_ms > TOUCH_MS:
            self.change(lambda session: replace(session, seen_at_ms=self._now_ms))
            self.cookie = sent

    def _known_id(self) -> str:
        """The visitor's id; a new one where they had none."""
        if not self._id:
            self._id = self._ids.new()
            self.cookie = self._ids.signed(self._id)
        return self._id

    def _new(self, visit_id: str) -> Session:
        return Session(key=storage_key(visit_id), created_at_ms=self._now_ms, seen_at_ms=self._now_ms)


class Visits:
    """The visit of each request.

    Args:    now: Unix seconds.
    """

    def __init__(self, store: SessionStore, settings: Settings, *, now: Callable[[], float]) -> None:
        self._store = store
        self._settings = settings
        self._ids = VisitIds(settings.session_key)
        self._now = now

    def current(self) -> CurrentVisit:
        """This request's.

        Raises:  DatabaseUnavailable
        """
        found: CurrentVisit | None = g.get("visit")
        if found is None:
            sent = request.cookies.get(self._settings.cookie, "")
            found = CurrentVisit(self._store, self._ids, sent, int(self._now() * 1000))
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
            private = visit is not None and visit.is_somebody
            response.headers["Cache-Control"] = "no-store" if private else "private, no-cache"
            response.vary.add("Cookie")
