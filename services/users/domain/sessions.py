"""Refresh tokens: each is good once, and all that came from one login fall together when one is used twice.

Source:  RFC 9700, section 4.14.2: refresh token rotation.
"""

import secrets
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

ACCESS_SECONDS = 600
REFRESH_SECONDS = 30 * 24 * 3600
# However often it is refreshed, a login ends.
FAMILY_SECONDS = 90 * 24 * 3600
# A client needs six an hour; each leaves a row until it has expired.
REFRESHES, REFRESHES_SECONDS = 60, 3600
RESET_SECONDS = 1800
MAX_TOKEN_LENGTH = 128


class Refresh(StrEnum):
    """What came of a refresh token."""

    ROTATED = "rotated"
    REUSED = "reused"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    THROTTLED = "throttled"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A token that was just made; only its hash is kept. `expires_at_ms` is Unix milliseconds."""

    text: str = field(repr=False)
    expires_at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often one login was refreshed since `since_ms`, Unix milliseconds."""

    refreshes: int = 0
    since_ms: int = 0

    def wait_ms(self, now_ms: int) -> int:
        """How long it is not refreshed again; 0: at once."""
        return 0 if self.refreshes < REFRESHES else max(0, self.since_ms + REFRESHES_SECONDS * 1000 - now_ms)

    def counted(self, now_ms: int) -> "Pace":
        """With one refresh more. Call it only where there is no wait."""
        if now_ms - self.since_ms >= REFRESHES_SECONDS * 1000:
            return Pace(refreshes=1, since_ms=now_ms)
        return replace(self, refreshes=self.refreshes + 1)


def new_secret() -> str:
    """256 random bits, as text that fits into an URL."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is kept of a secret that has 256 random bits: nothing is gained by hashing such a one slowly."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
