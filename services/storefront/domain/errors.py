"""What can go wrong between a visitor and the services behind the shop."""

# The code of a refusal because of too many requests, whatever they were about.
TOO_MANY = "too_many_attempts"


class StorefrontError(Exception):
    """Base of the errors below; never raised itself."""


class Unreachable(StorefrontError):
    """A part of the shop gave no answer that can be used.

    Args:    part: the service's name. may_have_happened: what was asked for may have been done nevertheless.
    """

    def __init__(self, part: str, *, retry_after_seconds: int = 1, may_have_happened: bool = False) -> None:
        super().__init__(part)
        self.part = part
        self.retry_after_seconds = retry_after_seconds
        self.may_have_happened = may_have_happened


class NotFound(StorefrontError):
    """There is no such thing, or it is somebody else's."""


class SignedOut(StorefrontError):
    """The page is for customers who are signed in, and this visitor is not, or no longer."""


class Refused(StorefrontError):
    """A service said no, and why.

    Args:    code: its word for programs. details: what else it said.
    """

    def __init__(self, code: str, *, details: object = None, retry_after_seconds: int = 1) -> None:
        super().__init__(code)
        self.code = code
        self.details = details
        self.retry_after_seconds = retry_after_seconds


class Stale(StorefrontError):
    """Somebody else has changed it since it was read."""
