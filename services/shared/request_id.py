"""The id that ties a request's answer, log lines and calls to other services together."""

import re
import uuid
from contextvars import ContextVar

from services.shared.redaction import holds_card

HEADER = "X-Request-Id"
MAX_LENGTH = 64
# Nothing that means something in a log line, a header, a URL or a shell.
_SAFE = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{MAX_LENGTH - 1}}}", re.ASCII)

# The request that this thread is answering; the log formatter reads it.
current: ContextVar[str | None] = ContextVar("request_id", default=None)


def is_valid(candidate: str) -> bool:
    """Whether a caller's *candidate* is short and plain enough to be kept, echoed and logged, and no card number."""
    return _SAFE.fullmatch(candidate) is not None and not holds_card(candidate)


def choose(candidate: str | None) -> str:
    """The caller's id where it is valid, else a new one: 32 hexadecimal digits."""
    return candidate if candidate is not None and is_valid(candidate) else uuid.uuid4().hex
