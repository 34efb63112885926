"""The steps by which a shopper comes to tokens: as few as their account needs."""

from synthetics import expect
from synthetics.expect import Answer
from synthetics.journey import Step, Visit

AUTH = "/api/v1/auth"


def _credentials(visit: Visit) -> dict[str, str]:
    return {"email": visit.account.email, "password": visit.account.password}


def _registered(visit: Visit, answer: Answer) -> None:
    expect.is_true(expect.json_answer(answer).get("status") == "accepted", "the account was not accepted")
    visit.account.registered = True


def _tokens(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    for key in ("access_token", "refresh_token"):
        expect.text(found, key)
    expect.is_true(type(found.get("expires_in")) is int, "expires_in: expected seconds")
    expect.is_true(answer.headers.get("cache-control") == "no-store", "tokens that a cache may keep")
    visit.account.keep(found)


def _logged_in(visit: Visit, answer: Answer) -> None:
    _tokens(visit, answer)
    user = expect.json_answer(answer).get("user")
    # Whose account it is, is not said in the message.
    ours = isinstance(user, dict) and user.get("email") == visit.account.email
    expect.is_true(ours, "logged in to another account")


SIGN_IN = (
    Step(
        name="register",
        method="POST",
        path=lambda visit: f"{AUTH}/register",
        body=lambda visit: {**_credentials(visit), "name": "Shopper"},
        expected=(202,),
        check=_registered,
        when=lambda visit: not visit.account.registered,
    ),
    Step(
        name="refresh tokens",
        method="POST",
        path=lambda visit: f"{AUTH}/refresh",
        body=lambda visit: {"refresh_token": visit.account.take_refresh_token()},
        check=_tokens,
        when=lambda visit: visit.account.must_refresh,
    ),
    Step(
        name="log in",
        method="POST",
        path=lambda visit: f"{AUTH}/login",
        body=_credentials,
        check=_logged_in,
        when=lambda visit: visit.account.must_log_in,
    ),
)
