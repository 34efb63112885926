"""Making an account, logging in, renewing tokens and logging out: a new account for each visit."""

from dataclasses import replace

from synthetics import expect
from synthetics.accounts import Account
from synthetics.browsing import THINK_SECONDS
from synthetics.expect import Answer
from synthetics.journey import Journey, RunIn, Step, Visit
from synthetics.signing_in import AUTH, logging_in, refreshing, registering


def _come(visit: Visit) -> str:
    """The path of the first step; whoever takes it is somebody whom the shop has never seen."""
    visit.account = Account.of_nobody()
    return f"{AUTH}/register"


def _see(visit: Visit, answer: Answer) -> None:
    found = expect.json_answer(answer)
    # Whose account it is, is not said in the message.
    expect.is_true(found.get("email") == visit.account.email, "asked for one's own account, got another")
    expect.is_true(found.get("roles") == ["customer"], "somebody who has registered is not a customer alone")


def _see_account() -> Step:
    return Step(
        name="see account",
        path=lambda visit: "/api/v1/users/me",
        headers=lambda visit: visit.account.bearer,
        check=_see,
    )


def _logged_out(visit: Visit, answer: Answer) -> None:
    expect.is_true(answer.text == "", "a logout answers nothing")


def _over(visit: Visit, answer: Answer) -> None:
    expect.problem(answer, "invalid_refresh_token")


ACCOUNT = Journey(
    name="account",
    run_in=frozenset({RunIn.PROBE}),
    think_seconds=THINK_SECONDS,
    steps=(
        replace(registering(), path=_come),
        logging_in(),
        _see_account(),
        refreshing(),
        _see_account(),
        Step(
            name="log out",
            method="POST",
            path=lambda visit: f"{AUTH}/logout",
            body=lambda visit: {"refresh_token": visit.account.refresh_token},
            expected=(204,),
            check=_logged_out,
        ),
        # The one that was not used yet: one that was is taken for stolen, which the users service counts.
        Step(
            name="refresh after logout",
            method="POST",
            path=lambda visit: f"{AUTH}/refresh",
            body=lambda visit: {"refresh_token": visit.account.take_refresh_token()},
            expected=(401,),
            check=_over,
        ),
    ),
)
