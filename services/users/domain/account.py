"""Accounts: an address, a name, roles, and a password that only its hash is kept of."""

import re
import secrets
from dataclasses import dataclass, field

from services.users.domain.errors import InvalidEmail

MAX_EMAIL_LENGTH = 254
USER_ID_PATTERN = "u_[0-9a-f]{32}"
CUSTOMER, STAFF, WAREHOUSE, ADMIN = "customer", "staff", "warehouse", "admin"
ROLES = frozenset({CUSTOMER, STAFF, WAREHOUSE, ADMIN})
# The services that accept a role's token. Everybody has orders of their own, and an account.
_AUDIENCES = {
    CUSTOMER: {"orders", "users"},
    STAFF: {"catalog", "inventory", "orders", "payments", "users"},
    WAREHOUSE: {"inventory", "orders", "users"},
    ADMIN: {"users"},
}
# What RFC 5321 lets stand without quotes, and a domain of two names or more.
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,64}"
_NAME = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL_PATTERN = rf"{_ATOM}(?:\.{_ATOM}){{0,31}}@{_NAME}(?:\.{_NAME}){{1,31}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can log in. `created_at_ms` is Unix milliseconds."""

    user_id: str
    email: str = field(repr=False)
    name: str = field(repr=False)
    roles: frozenset[str]
    password_hash: str = field(repr=False)
    created_at_ms: int
    disabled: bool = False

    @property
    def audiences(self) -> frozenset[str]:
        """The services that its tokens are for."""
        return frozenset().union(*(_AUDIENCES[role] for role in self.roles), {"orders", "users"})


def still_the_same(found: Account | None, seen: Account) -> bool:
    """Whether a password that was right for *seen* is so for *found*, the same account a moment later."""
    return found is not None and not found.disabled and found.password_hash == seen.password_hash


def new_user_id() -> str:
    """An id that says nothing and cannot be guessed."""
    return f"u_{secrets.token_hex(16)}"


def normalised(email: str) -> str:
    """*email* as it is kept and compared: whoever types capitals means the same address.

    Raises:  InvalidEmail
    """
    found = email.lower()
    if len(found) > MAX_EMAIL_LENGTH or re.fullmatch(EMAIL_PATTERN, found, re.ASCII) is None:
        raise InvalidEmail("not an e-mail address")
    return found
