"""Keeps a customer's access token usable: a refresh token works once, so two requests must not both use it.

The right to refresh is a lease in the store of sessions, which all replicas share: whoever gets it asks the users
service, and the others wait for the outcome. No transaction is open meanwhile.
"""

import random
import time
from collections.abc import Callable

from services.storefront.domain.errors import TOO_MANY, Refused, SignedOut, Unreachable
from services.storefront.domain.ports import SessionStore, Users
from services.storefront.domain.session import Customer, Session, Tokens, signed_out

# Longer than the call may take; after that its process is dead.
LEASE_MS = 10_000
# A request that waits longer than this answers 503 instead.
WAIT_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 0.1


class FreshTokens:
    """Refreshes tokens, once.

    Args:    now: Unix seconds. pause: waits for about that many seconds.
    """

    def __init__(
        self,
        sessions: SessionStore,
        users: Users,
        *,
        now: Callable[[], float] = time.time,
        pause: Callable[[float], None] | None = None,
    ) -> None:
        self._sessions = sessions
        self._users = users
        self._now = now
        self._pause = pause or _jittered

    def access(self, session: Session) -> str:
        """An access token of *session*'s customer that can be used now.

        Raises:  SignedOut: nobody is signed in any more.  Unreachable: nobody can be asked.
        """
        waited = 0.0
        found: Session = session
        while True:
            customer = found.customer
            if customer is None:
                raise SignedOut
            if customer.tokens.are_good(self._now_ms()):
                return customer.tokens.access
            claim = self._sessions.claim_refresh(session.key, now_ms=self._now_ms(), until_ms=self._now_ms() + LEASE_MS)
            if claim is None:
                raise SignedOut
            if claim.is_ours:
                return self._refreshed(claim.session)
            if waited >= WAIT_SECONDS:
                raise Unreachable("users")
            self._pause(_LONGEST_PAUSE_SECONDS)
            waited += _LONGEST_PAUSE_SECONDS
            found = claim.session

    def _refreshed(self, session: Session) -> str:
        """The token of *session*, whose refresh is ours; what another has done meanwhile is not done again."""
        customer = session.customer
        if customer is None or customer.tokens.are_good(self._now_ms()):
            self._sessions.end_refresh(session.key, None)
            return _token(customer)
        try:
            tokens = self._asked_for(customer.tokens.refresh)
        except Refused as error:
            self._sessions.change(session.key, signed_out)
            self._sessions.end_refresh(session.key, None)
            raise SignedOut from error
        except Unreachable:
            self._sessions.end_refresh(session.key, None)
            if customer.tokens.are_good(self._now_ms(), early_ms=0):
                return customer.tokens.access
            raise
        return _token(None if (kept := self._sessions.end_refresh(session.key, tokens)) is None else kept.customer)

    def _asked_for(self, refresh_token: str) -> Tokens:
        """New tokens for *refresh_token*.

        Raises:  Refused: it is good no more.  Unreachable: nobody answers, or not so often; it may still be good.
        """
        try:
            return self._users.refresh(refresh_token)
        except Refused as refusal:
            if refusal.code != TOO_MANY:
                raise
            raise Unreachable("users", retry_after_seconds=refusal.retry_after_seconds) from refusal

    def _now_ms(self) -> int:
        return int(self._now() * 1000)


def _token(customer: Customer | None) -> str:
    if customer is None:
        raise SignedOut
    return customer.tokens.access


def _jittered(longest: float) -> None:
    time.sleep(random.uniform(longest / 2, longest))
