"""The domain's refusals as problems (RFC 9457)."""

from collections.abc import Iterator
from contextlib import contextmanager

from apiflask import HTTPError

from services.shared.problems import InvalidPart
from services.users.domain import errors

_REFUSALS: dict[type[errors.UsersError], tuple[int, str, str]] = {
    errors.InvalidCredentials: (401, "invalid_credentials", "No account has this address and this password."),
    errors.InvalidRefreshToken: (401, "invalid_refresh_token", "Log in again."),
    errors.WrongPassword: (403, "wrong_password", "The current password is another one."),
    errors.InvalidResetToken: (400, "invalid_reset_token", "The link is used up or too old: ask for a new one."),
    errors.UserNotFound: (404, "user_not_found", "No such account."),
}


@contextmanager
def as_problems(new_password: str = "password") -> Iterator[None]:
    """Let refusals inside be answered as problems.

    Args:    new_password: the name of the field that a password which must not be one came in.
    Raises:  HTTPError
    """
    try:
        yield
    except errors.WeakPassword as error:
        part = InvalidPart(detail=str(error), pointer=f"#/{new_password}")
        raise HTTPError(422, str(error), extra_data={"code": error.code, "errors": [part]}) from error
    except errors.TooManyAttempts as error:
        headers = {"Retry-After": str(max(1, error.retry_after_seconds))}
        detail = "Too many attempts; Retry-After says when to come again."
        raise HTTPError(429, detail, extra_data={"code": "too_many_attempts"}, headers=headers) from error
    except errors.TooBusy as error:
        raise HTTPError(503, "Too many log in at once.", headers={"Retry-After": "1"}) from error
    except errors.UsersError as error:
        status, code, detail = _REFUSALS[type(error)]
        headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
        raise HTTPError(status, detail, extra_data={"code": code}, headers=headers) from error
