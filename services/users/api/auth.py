"""`/api/v1/auth`: registering, logging in and out, and forgotten passwords. Nobody is told whose address is known."""

from apiflask import APIBlueprint
from flask import request

from services.shared.auth import public
from services.shared.limits import Limiter
from services.users.api.bodies import (
    Accepted,
    Credentials,
    LoginBody,
    Refreshing,
    Registration,
    Reset,
    ResetRequest,
    TokensBody,
    UserBody,
)
from services.users.api.refusals import as_problems
from services.users.domain.accounts import Accounts
from services.users.domain.sign_in import SignIn
from services.users.settings import Settings

_WAIT = {429: "Too many attempts; Retry-After says when to come again", 503: "Too many log in at once"}


def auth_pages(accounts: Accounts, sign_in: SignIn, limiter: Limiter, settings: Settings) -> APIBlueprint:
    """The routes of whoever has no token."""
    blueprint = APIBlueprint("auth", __name__, url_prefix="/api/v1/auth", tag="Logging in")

    @blueprint.post("/register")
    @limiter.limit(f"{settings.registrations}/hour")
    @public
    @blueprint.input(Registration, arg_name="wanted")
    @blueprint.output(Accepted, status_code=202)
    @blueprint.doc(operation_id="register", responses=_WAIT)
    def register(wanted: Registration) -> Accepted:
        """Make an account; the answer is the same if the address has one already, whose owner then gets a mail"""
        with as_problems():
            accounts.register(wanted.email, wanted.password.get_secret_value(), wanted.name)
        return Accepted()

    @blueprint.post("/login")
    @public
    @blueprint.input(Credentials, arg_name="given")
    @blueprint.output(LoginBody)
    @blueprint.doc(operation_id="log_in", responses={401: "No account has these", **_WAIT})
    def log_in(given: Credentials) -> LoginBody:
        """Log in"""
        with as_problems():
            tokens = sign_in.log_in(given.email, given.password.get_secret_value(), address=_address())
        return LoginBody(**TokensBody.members(tokens), user=UserBody.of(tokens.account))

    @blueprint.post("/refresh")
    @public
    @blueprint.input(Refreshing, arg_name="given")
    @blueprint.output(TokensBody)
    @blueprint.doc(operation_id="refresh", responses={401: "Not valid, or used before: log in again", 429: _WAIT[429]})
    def refresh(given: Refreshing) -> TokensBody:
        """Get new tokens for a refresh token, which is then used up"""
        with as_problems():
            tokens = sign_in.refresh(given.refresh_token.get_secret_value())
        return TokensBody(**TokensBody.members(tokens))

    @blueprint.post("/logout")
    @public
    @blueprint.input(Refreshing, arg_name="given")
    @blueprint.output({}, status_code=204)
    @blueprint.doc(operation_id="log_out")
    def log_out(given: Refreshing) -> str:
        """End the login that a refresh token came of"""
        sign_in.log_out(given.refresh_token.get_secret_value())
        return ""

    @blueprint.post("/password-reset")
    @limiter.limit(f"{settings.resets}/hour")
    @public
    @blueprint.input(ResetRequest, arg_name="wanted")
    @blueprint.output(Accepted, status_code=202)
    @blueprint.doc(operation_id="request_password_reset", responses={429: _WAIT[429]})
    def request_password_reset(wanted: ResetRequest) -> Accepted:
        """Have a link mailed by which a password can be changed, if the address has an account"""
        accounts.ask_for_reset(wanted.email)
        return Accepted()

    @blueprint.post("/password-reset/confirm")
    @limiter.limit(f"{settings.resets}/hour")
    @public
    @blueprint.input(Reset, arg_name="given")
    @blueprint.output({}, status_code=204)
    @blueprint.doc(operation_id="reset_password", responses={400: "The link is used up or too old", **_WAIT})
    def reset_password(given: Reset) -> str:
        """Change a forgotten password by the token of the mailed link"""
        with as_problems("new_password"):
            accounts.reset_password(given.token.get_secret_value(), given.new_password.get_secret_value())
        return ""

    return blueprint


def _address() -> str:
    return request.remote_addr or "unknown"
