"""Who may call a route: each view says it, and a route that says nothing is closed.

    @blueprint.post("/orders")
    @allow("customer")
    def place_order() -> …:
        buyer = principal().subject

Policies stand on the view functions; one hook in front of all of them checks the token and the role before anything
of the request is read.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from apiflask import HTTPError
from flask import Flask, current_app, g, request

from services.shared import deadline
from services.shared.errors import ConfigError, InvalidToken
from services.shared.identity import (
    ADMIN,
    CUSTOMER,
    ROLES,
    SERVICE,
    STAFF,
    USERS_ISSUER,
    WAREHOUSE,
    NoTokens,
    Principal,
    TokenVerifier,
)
from services.shared.tokens import JwksVerifier, verifier_of

__all__ = [
    "ADMIN",
    "CUSTOMER",
    "SERVICE",
    "STAFF",
    "USERS_ISSUER",
    "WAREHOUSE",
    "JwksVerifier",
    "NoTokens",
    "Policy",
    "Principal",
    "TokenVerifier",
    "allow",
    "has_closed_routes",
    "policy_of",
    "principal",
    "protect",
    "public",
    "refuse_open_routes",
    "verifier_of",
]

_LOGGER = logging.getLogger(__name__)
_POLICY = "tillwatch_policy"
View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Policy:
    """The roles of which a caller needs one; None for everybody, without a token."""

    roles: frozenset[str] | None


def public(view: View) -> View:
    """Let everybody call *view*; a token that is sent is not looked at."""
    setattr(view, _POLICY, Policy(None))
    return view


def allow(*roles: str) -> Callable[[View], View]:
    """Let whoever has one of *roles* call the view.

    Raises:  ValueError: no role, or one that nobody can have.
    """
    if not roles or not ROLES.issuperset(roles):
        raise ValueError(f"{roles}: expected one or more of {', '.join(sorted(ROLES))}")

    def mark(view: View) -> View:
        setattr(view, _POLICY, Policy(frozenset(roles)))
        return view

    return mark


def policy_of(view: Callable[..., Any] | None) -> Policy | None:
    """What *view* says; None when it says nothing."""
    return getattr(view, _POLICY, None)


def principal() -> Principal:
    """The caller of this request.

    Raises:  RuntimeError: the route is public, so nobody has been asked who they are.
    """
    found: Principal | None = g.get("principal")
    if found is None:
        raise RuntimeError(f"{request.endpoint} is public: it has no principal")
    return found


def refuse_open_routes(app: Flask) -> None:
    """Return if every route of *app* has a policy.

    Raises:  ConfigError: it names those that have none.
    """
    without = sorted(rule.rule for rule in app.url_map.iter_rules() if _policy_at(app, rule.endpoint) is None)
    if without:
        raise ConfigError(f"no @public or @allow(…) on the view of {', '.join(without)}")


def has_closed_routes(app: Flask) -> bool:
    """Whether *app* has a route that asks for a token."""
    found = (_policy_at(app, rule.endpoint) for rule in app.url_map.iter_rules())
    return any(policy is not None and policy.roles is not None for policy in found)


def protect(app: Flask, verifier: TokenVerifier) -> None:
    """Check each request to *app* before all that is registered later; what no rule matches is left to be a 404."""

    def check() -> None:
        if request.url_rule is None:
            return
        policy = _policy_at(current_app, request.url_rule.endpoint)
        if policy is None:
            raise HTTPError(403)
        if policy.roles is None:
            return
        caller = _authenticate(verifier)
        if not policy.roles & caller.roles:
            raise HTTPError(403)
        g.principal = caller
        if SERVICE in caller.roles and (seconds := deadline.parse(request.headers.get(deadline.HEADER))) is not None:
            deadline.shorten(seconds)
            deadline.check()

    app.before_request(check)


def _policy_at(app: Flask, endpoint: str) -> Policy | None:
    """What the view of *endpoint* says."""
    return policy_of(app.view_functions.get(endpoint))


def _authenticate(verifier: TokenVerifier) -> Principal:
    sent = request.authorization
    if sent is None or sent.type != "bearer" or not sent.token:
        raise HTTPError(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        return verifier.verify(sent.token)
    except InvalidToken as error:
        _LOGGER.info("token refused", extra={"reason": str(error)})
        # Not which check failed: that would help nobody but who forges one.
        headers = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPError(401, headers=headers, extra_data={"code": "invalid_token"}) from error
