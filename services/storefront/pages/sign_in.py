"""Signing in and out, and making an account."""

import contextlib

from flask import Response, request

from services.shared.auth import public
from services.storefront.domain.account_errors import faults_of
from services.storefront.domain.errors import TOO_MANY, Refused, StorefrontError
from services.storefront.domain.local_path import local_path
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk, address
from services.storefront.pages.refusals import to

# The users service counts attempts by account and by address; these are far above what a person does.
SIGN_IN_LIMIT = "60/minute"
REGISTER_LIMIT = "30/minute"
_WRONG = "The e-mail address or the password is wrong."


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get("/login")
    @public
    def login_form() -> Response:
        back_to = local_path(request.args.get("next"))
        known = desk.visits.current().known
        if known is not None and known.customer is not None:
            return to(back_to)
        return desk.frame.page("login.html", back_to=back_to, email="", faults={})

    @desk.pages.post("/login")
    @public
    @desk.limiter.limit(SIGN_IN_LIMIT)
    def log_in() -> Response:
        back_to, email = local_path(request.form.get("next")), fields.text("email")
        try:
            customer = desk.users.sign_in(email=email, password=fields.secret("password"), address=address())
        except Refused as refusal:
            return _refused(desk, refusal, email, back_to)
        visit = desk.visits.current()
        visit.sign_in(customer)
        # Where orders does not answer, what was put aside stays so until the cart is looked at.
        with contextlib.suppress(StorefrontError):
            desk.carts.take_over(visit)
        return to(back_to)

    @desk.pages.post("/logout")
    @public
    def log_out() -> Response:
        _sign_out(desk)
        return to("/")

    @desk.pages.get("/register")
    @public
    def register_form() -> Response:
        return desk.frame.page("register.html", email="", name="", faults={})

    @desk.pages.post("/register")
    @public
    @desk.limiter.limit(REGISTER_LIMIT)
    def register() -> Response:
        email, name, password = fields.text("email"), fields.text("name"), fields.secret("password")
        try:
            desk.users.register(email=email, password=password, name=name, address=address())
        except Refused as refusal:
            if refusal.code == TOO_MANY:
                raise
            return desk.frame.page("register.html", status=422, email=email, name=name, faults=faults_of(refusal))
        # The same whether the address was free or not: nobody is to learn who has an account here.
        desk.visits.current().say("Thank you. If this address was new here, you can sign in now.")
        return to("/login")


def _refused(desk: Desk, refusal: Refused, email: str, back_to: str) -> Response:
    wrong = {"email": _WRONG}
    if refusal.code == TOO_MANY:
        seconds = refusal.retry_after_seconds
        wrong = {"email": f"Too many attempts. Please wait {seconds} seconds and try again."}
        response = desk.frame.page("login.html", status=429, back_to=back_to, email=email, faults=wrong)
        response.headers["Retry-After"] = str(seconds)
        return response
    # Also what cannot be an address: the form says no more about accounts than the service does.
    status = 401 if refusal.code == "invalid_credentials" else 422
    return desk.frame.page("login.html", status=status, back_to=back_to, email=email, faults=wrong)


def _sign_out(desk: Desk) -> None:
    visit = desk.visits.current()
    known = visit.known
    visit.end()
    if known is not None and known.customer is not None:
        # The session is gone in any case; without the users service the token lives until it expires.
        with contextlib.suppress(StorefrontError):
            desk.users.sign_out(known.customer.tokens.refresh)
