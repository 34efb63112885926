"""Setting a new password with a link that came by mail."""

from apiflask import HTTPError
from flask import Response

from services.shared import problems
from services.shared.auth import public
from services.storefront.domain.account_errors import faults_of
from services.storefront.domain.errors import TOO_MANY, Refused
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk, address
from services.storefront.pages.refusals import to

LIMIT = "20/minute"
PATH = "/password-reset"


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get(PATH)
    @public
    def reset_form() -> Response:
        return desk.frame.page("reset.html")

    @desk.pages.post(PATH)
    @public
    @desk.limiter.limit(LIMIT)
    def request_reset() -> Response:
        try:
            desk.users.request_reset(fields.text("email"), address=address())
        except Refused as refusal:
            if refusal.code == TOO_MANY:
                raise
        # The same also for what is no address: nobody is to learn who has an account here.
        desk.visits.current().say("If there is an account with this address, a link is on its way to it.")
        return to(PATH)

    @desk.pages.get(f"{PATH}/<token>")
    @public
    def new_password_form(token: str) -> Response:
        return desk.frame.page("new_password.html", token=token, faults={})

    @desk.pages.post(f"{PATH}/<token>")
    @public
    @desk.limiter.limit(LIMIT)
    def set_password(token: str) -> Response:
        try:
            desk.users.confirm_reset(token, fields.secret("new_password"), address=address())
        except Refused as refusal:
            if refusal.code == TOO_MANY:
                raise
            if refusal.code == "invalid_reset_token":
                return problems.to_response(HTTPError(400, extra_data={"code": "reset_link"}))
            faults = faults_of(refusal, password="new_password")
            return desk.frame.page("new_password.html", status=422, token=token, faults=faults)
        desk.visits.current().say("Your password is set. Sign in with it.")
        return to("/login")
