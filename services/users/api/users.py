"""`/api/v1/users`: one's own account, and for admins anybody's roles."""

import re
from http import HTTPStatus

from apiflask import APIBlueprint
from flask import request

from services.shared.auth import ADMIN, CUSTOMER, STAFF, WAREHOUSE, allow, principal
from services.shared.limits import Limiter
from services.users.api.bodies import PasswordChange, Renaming, RoleChange, UserBody
from services.users.api.refusals import as_problems
from services.users.domain.account import USER_ID_PATTERN
from services.users.domain.accounts import Accounts
from services.users.domain.errors import UserNotFound

_ANYBODY = allow(CUSTOMER, STAFF, WAREHOUSE, ADMIN)


# Each brings a letter to an address that may be somebody else's: nobody asks whether whoever registered it reads it.
PASSWORD_CHANGES = "10/hour"


def user_pages(accounts: Accounts, limiter: Limiter) -> APIBlueprint:
    """The routes of whoever has logged in."""
    blueprint = APIBlueprint("users", __name__, url_prefix="/api/v1/users", tag="Accounts")

    @blueprint.get("/me")
    @_ANYBODY
    @blueprint.output(UserBody)
    @blueprint.doc(operation_id="get_own_account", responses={404: "The account is gone"})
    def get_own() -> UserBody:
        """Get one's own account"""
        with as_problems():
            return UserBody.of(accounts.get(principal().subject))

    @blueprint.patch("/me")
    @_ANYBODY
    @blueprint.input(Renaming, arg_name="wanted")
    @blueprint.output(UserBody)
    @blueprint.doc(operation_id="rename_own_account", responses={404: "The account is gone"})
    def rename(wanted: Renaming) -> UserBody:
        """Change one's own name"""
        with as_problems():
            return UserBody.of(accounts.rename(principal().subject, wanted.name))

    @blueprint.put("/me/password")
    # Only what is done is counted: each is a letter. A wrong password has a wait of its own.
    @limiter.limit(PASSWORD_CHANGES, deduct_when=lambda response: response.status_code == HTTPStatus.NO_CONTENT)
    @_ANYBODY
    @blueprint.input(PasswordChange, arg_name="wanted")
    @blueprint.output({}, status_code=204)
    @blueprint.doc(
        operation_id="change_own_password",
        responses={
            403: "The current password is another one",
            404: "The account is gone",
            429: "Too many attempts; Retry-After says when to come again",
            503: "Too many log in at once",
        },
    )
    def change_password(wanted: PasswordChange) -> str:
        """Change one's own password; every login ends"""
        with as_problems("new_password"):
            accounts.change_password(
                principal().subject,
                wanted.current_password.get_secret_value(),
                wanted.new_password.get_secret_value(),
                address=request.remote_addr or "unknown",
            )
        return ""

    @blueprint.get("/<user_id>")
    @allow(ADMIN)
    @blueprint.output(UserBody)
    @blueprint.doc(operation_id="get_account", responses={404: "No such account"})
    def get_account(user_id: str) -> UserBody:
        """Get anybody's account"""
        with as_problems():
            return UserBody.of(accounts.get(_known_form(user_id)))

    @blueprint.put("/<user_id>/roles")
    @allow(ADMIN)
    @blueprint.input(RoleChange, arg_name="wanted")
    @blueprint.output(UserBody)
    @blueprint.doc(operation_id="set_roles", responses={404: "No such account"})
    def set_roles(user_id: str, wanted: RoleChange) -> UserBody:
        """Set all of an account's roles; they count from its next token on"""
        with as_problems():
            return UserBody.of(accounts.set_roles(_known_form(user_id), frozenset(wanted.roles)))

    return blueprint


def _known_form(user_id: str) -> str:
    if re.fullmatch(USER_ID_PATTERN, user_id, re.ASCII) is None:
        raise UserNotFound
    return user_id
