"""Errors of the shared parts that a caller would catch."""


class SharedError(Exception):
    """Base of the errors below; never raised itself."""


class ConfigError(SharedError):
    """A setting in the environment, or a file that it names, that cannot be used. No secret is quoted."""


class CursorError(SharedError):
    """A page cursor that this service did not hand out."""


class DatabaseUnavailable(SharedError):
    """The database could not be reached, or did not answer in time: nothing is wrong with the request."""


class NotReady(SharedError):
    """The service cannot do its work yet. The text names what is missing; it holds no address and no secret."""


class InvalidToken(SharedError):
    """A bearer token that proves nothing. The text is a word for programs (`expired`), never the token."""


class DeadlineExceeded(SharedError):
    """The time that the caller waits is over, or too little is left to begin anything with."""


class PeerUnavailable(SharedError):
    """Another service could not be asked, or refused to listen (429): surely nothing has happened there."""

    def __init__(self, message: str, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class PeerUnknown(SharedError):
    """Another service was asked and gave no answer that can be relied on: it may have happened."""


class KeyReused(SharedError):
    """An Idempotency-Key that came with another body before."""


class KeyInUse(SharedError):
    """The first request with this Idempotency-Key is still being answered."""

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__("the first request with this Idempotency-Key is still being answered")
        self.retry_after_seconds = retry_after_seconds


class ClaimRejected(SharedError):
    """A claim of a traffic class that proves nothing. The text is one word, for the metric."""
