"""The steps by which somebody comes to tokens: as few as their account needs."""

from collections.abc import Callable

from synthetics import expect
from synthetics.accounts import STAFF, Account
from synthetics.expect import Answer
from synthetics.journey import Step, Visit

AUTH = "/api/v1/auth"
Who = Callable[[Visit], Account]


def own(visit: Visit) -> Account:
    """The shopper's."""
    return visit.account


def of_staff(visit: Visit) -> Account:
    """That of staff, who have a part in the visit."""
    return visit.others[STAFF]


def registering(who: Who = own, *, when: Callable[[Visit], bool] = lambda visit: True) -> Step:
    """Step that makes the account."""

    def check(visit: Visit, answer: Answer) -> None:
        expect.is_true(expect.json_answer(answer).get("status") == "accepted", "the account was not accepted")
        who(visit).registered = True

    return Step(
        name="register",
        method="POST",
        path=lambda visit: f"{AUTH}/register",
        body=lambda visit: {**_credentials(who(visit)), "name": "Shopper"},
        expected=(202,),
        check=check,
        when=when,
        who=who,
    )


def refreshing(who: Who = own, *, when: Callable[[Visit], bool] = lambda visit: True) -> Step:
    """Step that gets new tokens for the old ones."""
    return Step(
        name="refresh tokens",
        method="POST",
        path=lambda visit: f"{AUTH}/refresh",
        body=lambda visit: {"refresh_token": who(visit).take_refresh_token()},
        check=lambda visit, answer: _tokens(who(visit), answer),
        when=when,
        who=who,
    )


def logging_in(who: Who = own, *, when: Callable[[Visit], bool] = lambda visit: True) -> Step:
    """Step that logs in."""
    return Step(
        name="log in",
        method="POST",
        path=lambda visit: f"{AUTH}/login",
        body=lambda visit: _credentials(who(visit)),
        check=lambda visit, answer: _logged_in(who(visit), answer),
        when=when,
        who=who,
    )


def _looking(who: Who) -> Step:
    """Step that logs in to an account that may not be there yet: a probe that starts does not know."""

    def check(visit: Visit, answer: Answer) -> None:
        if answer.status == 200:
            _logged_in(who(visit), answer)
        else:
            expect.problem(answer, "invalid_credentials")
            staff = "the account of the probes' staff has another password, or nobody made it (users.jobs add)"
            expect.is_true(who(visit).registers, staff)

    return Step(
        name="log in",
        method="POST",
        path=lambda visit: f"{AUTH}/login",
        body=lambda visit: _credentials(who(visit)),
        expected=(200, 401),
        check=check,
        when=lambda visit: who(visit).stable and who(visit).registered and who(visit).must_log_in,
        who=who,
    )


def sign_in(who: Who = own) -> tuple[Step, ...]:
    """The steps by which *who* comes to tokens; none where there are good ones."""
    return (
        refreshing(who, when=lambda visit: who(visit).must_refresh),
        _looking(who),
        registering(who, when=lambda visit: not who(visit).registered),
        logging_in(who, when=lambda visit: who(visit).must_log_in),
    )


SIGN_IN = sign_in()


def _credentials(account: Account) -> dict[str, str]:
    return {"email": account.email, "password": account.password}


def _tokens(account: Account, answer: Answer) -> None:
    found = expect.json_answer(answer)
    for key in ("access_token", "refresh_token"):
        expect.text(found, key)
    expect.is_true(type(found.get("expires_in")) is int, "expires_in: expected seconds")
    expect.is_true(answer.headers.get("cache-control") == "no-store", "tokens that a cache may keep")
    account.keep(found)


def _logged_in(account: Account, answer: Answer) -> None:
    _tokens(account, answer)
    user = expect.json_answer(answer).get("user")
    # Whose account it is, is not said in the message.
    ours = isinstance(user, dict) and user.get("email") == account.email
    expect.is_true(ours, "logged in to another account")
