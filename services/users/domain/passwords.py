"""What may be a password, by ASVS 5 (V6.2): long enough, not a common one, and whatever characters one likes."""

import unicodedata
from collections.abc import Container

from services.users.domain.errors import WeakPassword

MIN_LENGTH, MAX_LENGTH = 8, 128


def normalised(password: str) -> str:
    """*password* as it is hashed: the same from every keyboard (NFKC, as RFC 8265 has it for free-form passwords)."""
    return unicodedata.normalize("NFKC", password)


def check(password: str, *, email: str, common: Container[str]) -> None:
    """Return if *password*, normalised, may be that of *email*.

    Args:    common: passwords that are tried first, in lower case.
    Raises:  WeakPassword
    """
    if len(password) < MIN_LENGTH:
        raise WeakPassword("password_too_short", f"A password has {MIN_LENGTH} characters or more.")
    if len(password) > MAX_LENGTH:
        raise WeakPassword("password_too_long", f"A password has {MAX_LENGTH} characters at most.")
    lowered = password.lower()
    if lowered in common:
        raise WeakPassword("common_password", "This password is among those that are tried first.")
    if lowered in (email, email.partition("@")[0]):
        raise WeakPassword("common_password", "A password is not one's own address.")
