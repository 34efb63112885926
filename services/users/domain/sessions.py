"""Refresh tokens: each is good once, and all that came from one login fall together when one is used twice.

Source:  RFC 9700, section 4.14.2: refresh token rotation.
"""

import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

ACCESS_SECONDS = 600
REFRESH_SECONDS = 30 * 24 * 3600
# However often it is refreshed, a login ends.
FAMILY_SECONDS = 90 * 24 * 3600
RESET_SECONDS = 1800
MAX_TOKEN_LENGTH = 128


class Refresh(StrEnum):
    """What came of a refresh token."""

    ROTATED = "rotated"
    REUSED = "reused"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A token that was just made; only its hash is kept. `expires_at_ms` is Unix milliseconds."""

    text: str = field(repr=False)
    expires_at_ms: int


def new_secret() -> str:
    """256 random bits, as text that fits into an URL."""
    return secrets.token_urlsafe(32)


def fingerprint(secret: str) -> str:
    """What is kept of a secret that has 256 random bits: nothing is gained by hashing such a one slowly."""
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
