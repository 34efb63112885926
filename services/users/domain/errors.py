"""What can be wrong with a request about an account. No text holds an address, a password or a token."""


class UsersError(Exception):
    """Base of the errors below; never raised itself."""


class InvalidEmail(UsersError):
    """No address that mail can be sent to."""


class WeakPassword(UsersError):
    """A password that must not be one. `code` is for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class InvalidCredentials(UsersError):
    """Unknown address, wrong password or disabled account: which, nobody is told."""


class WrongPassword(UsersError):
    """The current password, which a change asks for, is another one."""


class TooManyAttempts(UsersError):
    """Passwords are tried too fast; the password was not looked at."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("too many attempts")
        self.retry_after_seconds = retry_after_seconds


class InvalidRefreshToken(UsersError):
    """Unknown, expired, revoked, or used before; `outcome` is a word for the metric."""

    def __init__(self, outcome: str) -> None:
        super().__init__("the refresh token is not valid")
        self.outcome = outcome


class InvalidResetToken(UsersError):
    """Unknown, expired, or used before."""


class UserNotFound(UsersError):
    """No account has this id."""


class TooBusy(UsersError):
    """More passwords are being checked than this machine can: the same request may be made again soon."""
