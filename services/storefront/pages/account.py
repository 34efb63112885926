"""A customer's account: name, password, and where they are signed in."""

import contextlib
from collections.abc import Iterable
from dataclasses import replace

from flask import Response

from services.shared.auth import public
from services.storefront.domain.account_errors import faults_of
from services.storefront.domain.errors import TOO_MANY, Refused, StorefrontError
from services.storefront.domain.session import Customer, Session, signed_out
from services.storefront.pages import fields
from services.storefront.pages.desk import Desk, address
from services.storefront.pages.refusals import to
from services.storefront.pages.visits import CurrentVisit

PATH = "/account"


def add_pages(desk: Desk) -> None:
    """Add these to *desk*'s pages."""

    @desk.pages.get(PATH)
    @public
    def account() -> Response:
        return _shown(desk, {})

    @desk.pages.post(f"{PATH}/name")
    @public
    def rename() -> Response:
        visit = desk.customer_visit()
        name = fields.text("name")
        try:
            desk.users.rename(desk.access(), name)
        except Refused as refusal:
            return _shown(desk, faults_of(refusal, password="name"), status=422)
        visit.change(lambda session: _renamed(session, name))
        visit.say("Your name is changed.")
        return to(PATH)

    @desk.pages.post(f"{PATH}/password")
    @public
    def change_password() -> Response:
        visit = desk.customer_visit()
        current, new = fields.secret("current_password"), fields.secret("new_password")
        access = desk.access()
        email = desk.users.profile(access).email
        try:
            desk.users.change_password(access, current=current, new=new, address=address())
        except Refused as refusal:
            status = 429 if refusal.code == TOO_MANY else 422
            return _shown(desk, faults_of(refusal, password="new_password"), status=status)
        # The new password has ended every sign-in, this one too; what is put aside here stays.
        _end(desk, [each for each in _sessions(desk, visit) if each.key != visit.session.key])
        try:
            visit.sign_in(desk.users.sign_in(email=email, password=new, address=address()))
        except StorefrontError:
            visit.change(signed_out)
            visit.say("Your password is changed. Sign in with it.")
            return to("/login")
        visit.say("Your password is changed, and every other device is signed out.")
        return to(PATH)

    @desk.pages.post(f"{PATH}/sign-out-everywhere")
    @public
    def sign_out_everywhere() -> Response:
        visit = desk.customer_visit()
        sessions = _sessions(desk, visit)
        _end(desk, sessions)
        visit.end()
        for customer in (each.customer for each in sessions if each.customer is not None):
            with contextlib.suppress(StorefrontError):
                desk.users.sign_out(customer.tokens.refresh)
        visit.say("You are signed out on every device that was signed in through this shop.")
        return to("/login")


def _shown(desk: Desk, faults: dict[str, str], *, status: int = 200) -> Response:
    profile = desk.users.profile(desk.access())
    return desk.frame.page("account.html", status=status, profile=profile, faults=faults)


def _renamed(session: Session, name: str) -> Session:
    customer = session.customer
    return session if customer is None else replace(session, customer=replace(customer, name=name))


def _sessions(desk: Desk, visit: CurrentVisit) -> tuple[Session, ...]:
    """Every session of the visitor, this one included."""
    customer: Customer | None = visit.session.customer
    return () if customer is None else desk.sessions.of_user(customer.user_id)


def _end(desk: Desk, sessions: Iterable[Session]) -> None:
    for session in sessions:
        desk.sessions.delete(session.key)
