"""Accounts, from the users service."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from services.shared.outbound import Reply
from services.storefront.adapters.asking import PeerCalls, ask, bearer, code_of, good, moment, read
from services.storefront.domain.errors import Refused
from services.storefront.domain.session import Customer, Tokens
from services.storefront.domain.views import Profile

# A password takes a good part of a second to check, on purpose.
TIMEOUT_SECONDS = 4.0
PREFIX = "/api/v1"


class _Tokens(BaseModel):
    access_token: str
    expires_in: int
    refresh_token: str


class _User(BaseModel):
    user_id: str
    name: str


class _SignIn(_Tokens):
    user: _User


class _Profile(BaseModel):
    email: str
    name: str
    roles: list[str]
    created_at: str


class HttpUsers:
    """A `Users` that asks *peer*.

    Args:    now: Unix seconds.
    """

    def __init__(self, peer: PeerCalls, *, now: Callable[[], float] = time.time) -> None:
        self._peer = peer
        self._now = now

    def register(self, *, email: str, password: str, name: str, address: str | None) -> None:
        said = {"email": email, "password": password, "name": name}
        self._taken(self._post("register", "/auth/register", said, _from(address)), 202)

    def sign_in(self, *, email: str, password: str, address: str | None) -> Customer:
        reply = self._post("login", "/auth/login", {"email": email, "password": password}, _from(address))
        found = read(self._peer, _SignIn, self._taken(reply, 200))
        return Customer(user_id=found.user.user_id, name=found.user.name, tokens=self._tokens(found))

    def refresh(self, refresh_token: str) -> Tokens:
        # Not repeated: the token works once, and a second use of it ends the sign-in.
        reply = self._post("refresh", "/auth/refresh", {"refresh_token": refresh_token})
        return self._tokens(read(self._peer, _Tokens, self._taken(reply, 200)))

    def sign_out(self, refresh_token: str) -> None:
        self._taken(self._post("logout", "/auth/logout", {"refresh_token": refresh_token}, idempotent=True), 204)

    def profile(self, access: str) -> Profile:
        reply = self._call("get_me", "GET", "/users/me", headers=bearer(access), idempotent=True)
        found = read(self._peer, _Profile, good(self._peer, reply, 200))
        return Profile(
            email=found.email, name=found.name, roles=tuple(found.roles), created_at=moment(found.created_at)
        )

    def rename(self, access: str, name: str) -> None:
        reply = self._call(
            "update_me", "PATCH", "/users/me", json={"name": name}, headers=bearer(access), idempotent=True
        )
        good(self._peer, reply, 200, 204)

    def change_password(self, access: str, *, current: str, new: str, address: str | None) -> None:
        said = {"current_password": current, "new_password": new}
        headers = bearer(access) | _from(address)
        reply = self._call("change_password", "PUT", "/users/me/password", json=said, headers=headers, idempotent=False)
        good(self._peer, reply, 204)

    def request_reset(self, email: str, *, address: str | None) -> None:
        self._taken(self._post("request_reset", "/auth/password-reset", {"email": email}, _from(address)), 202)

    def confirm_reset(self, token: str, new_password: str, *, address: str | None) -> None:
        said = {"token": token, "new_password": new_password}
        self._taken(self._post("confirm_reset", "/auth/password-reset/confirm", said, _from(address)), 204)

    def _post(
        self,
        operation: str,
        path: str,
        json: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = False,
    ) -> Reply:
        return self._call(operation, "POST", path, json=json, headers=headers, idempotent=idempotent)

    def _call(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        idempotent: bool,
    ) -> Reply:
        return ask(
            self._peer,
            operation,
            method,
            PREFIX + path,
            json=json,
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            idempotent=idempotent,
        )

    def _taken(self, reply: Reply, status: int) -> Reply:
        """*reply* to somebody who is not signed in yet: 401 is about what they sent, not about who they are."""
        if reply.status != status:
            raise Refused(code_of(reply) or f"status_{reply.status}", details=reply.json)
        return reply

    def _tokens(self, found: _Tokens) -> Tokens:
        return Tokens(
            access=found.access_token,
            refresh=found.refresh_token,
            expires_at_ms=int((self._now() + found.expires_in) * 1000),
        )


def _from(address: str | None) -> dict[str, str]:
    return {} if address is None else {"X-Forwarded-For": address}
