"""The storefront's own settings, beside those that every service has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.shared.config import MIN_SECRET_LENGTH
from services.shared.errors import ConfigError

SECURE_COOKIE = "__Host-session"
PLAIN_COOKIE = "session"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How sessions are kept.

    session_key: tokens are encrypted with it; None leaves them as they are.
    cookie_secure: whether the cookie goes over https alone; False is for http on a developer's machine.
    """

    session_key: str | None = field(default=None, repr=False)
    cookie_secure: bool = True

    @property
    def cookie(self) -> str:
        """The cookie's name: browsers hold `__Host-` to Secure, this host alone and the path /."""
        return SECURE_COOKIE if self.cookie_secure else PLAIN_COOKIE


def from_environ(environ: Mapping[str, str]) -> Settings:
    """SESSION_KEY and COOKIE_SECURE.

    Raises:  ConfigError: a key that is too short, a switch that is neither 0 nor 1. The key is not quoted.
    """
    key = environ.get("SESSION_KEY") or None
    if key is not None and len(key) < MIN_SECRET_LENGTH:
        raise ConfigError(f"SESSION_KEY: expected {MIN_SECRET_LENGTH} characters or more, or none at all")
    secure = environ.get("COOKIE_SECURE") or "1"
    if secure not in ("0", "1"):
        raise ConfigError(f"COOKIE_SECURE: {secure!r} is neither 0 nor 1")
    return Settings(session_key=key, cookie_secure=secure == "1")
